"""Prices, limits and budgets."""

from __future__ import annotations

BUDGET = "KLING_WIDGETS_BUDGET"  # limits besides the setting, so that no notebook goes beyond it

"""Prices, limits and budgets."""

from __future__ import annotations

BUDGET = "KLING_WIDGETS_BUDGET"  # a limit besides the setting, so that no notebook can raise it

"""Layers of the demo's videos that make the effect of each field visible."""

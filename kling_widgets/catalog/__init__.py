"""Models, fields and rules, as data."""

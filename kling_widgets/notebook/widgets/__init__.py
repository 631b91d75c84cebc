"""Widgets that everything shown is made of."""

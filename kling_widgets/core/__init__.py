"""Helpers that every other module may use; standard library only."""

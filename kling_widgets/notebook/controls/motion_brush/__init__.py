"""The motion brush."""

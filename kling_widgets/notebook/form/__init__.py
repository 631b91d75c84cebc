"""The form and its parts."""

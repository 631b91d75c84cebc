"""Requests, and their conversion to and from JSON, code and the magic line."""

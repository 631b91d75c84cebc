"""A request, and its forms: JSON, code and magic line."""

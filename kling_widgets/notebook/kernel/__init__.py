"""The kernel, the front end and the session."""

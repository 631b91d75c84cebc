"""Video models from a notebook: a form, a ``%kling`` magic, and the video in the cell."""

__version__ = "0.1.0"

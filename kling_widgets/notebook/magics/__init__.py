"""The IPython magics: ``%kling`` and its family."""

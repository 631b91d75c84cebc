"""Drawing for the demo: fonts, shapes, cards, landscapes, the camera's view, and sound."""

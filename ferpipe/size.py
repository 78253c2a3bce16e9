"""The size of every picture."""

SIDE = 48  # width and height in pixels

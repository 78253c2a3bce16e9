"""The seven emotions, in FER2013's own order: a label is an index into EMOTIONS."""

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
SIDE = 48  # width and height of every picture, in pixels

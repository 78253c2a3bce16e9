"""What faces are painted on: pictures in batches, windows of them, and shapes by their signed distance.

Every array has the faces on its first axis; a parameter is (n, 1, 1), a picture (n, 96, 96), twice the final size.
Shapes cover a pixel by the smoothstep of their distance to it, so that edges are antialiased and masks are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ferpipe.size import SIDE

FINE = 2  # pictures are painted at this many times their size and averaged down
GRID = SIDE * FINE
Array = np.ndarray
Params = dict[str, Array]  # name -> (n, 1, 1) float32


@dataclass
class Window:
    """A part of each picture: the layers' values there, and ways to paint them."""

    layers: dict[str, Array]  # the canvas's, each (n, 96, 96)
    pixel: Array  # (n, 1, 1), a fine pixel's size in units of the head
    index: Array | None  # (n, h, w), into the flat layers; None: the whole picture

    def __getitem__(self, name: str) -> Array:
        """Return a layer's values in the window, (n, h, w)."""
        layer = self.layers[name]
        return layer if self.index is None else np.take(layer, self.index)

    def __setitem__(self, name: str, values: Array) -> None:
        if self.index is None:
            self.layers[name] = values
        else:
            self.layers[name].reshape(-1)[self.index] = values

    def cover(self, distance: Array, soft: float | Array = 1.0) -> Array:
        """Return the share of each pixel inside a shape, in [0, 1], from signed distances (negative inside)."""
        part = np.clip(0.5 - distance / (self.pixel * (1.2 * soft)), 0, 1)
        return part * part * (3 - 2 * part)

    def paint(self, cover: Array, grey: Array | float, lit: bool = True) -> None:
        """Put a grey over the picture where `cover` says; what is lit takes the head's light."""
        image = self["image"]
        self["image"] = image + cover * ((grey * self["light"] if lit else grey) - image)

    def dim(self, amount: Array) -> None:
        """Darken (or, where negative, lighten) the skin by a share."""
        self["tone"] = self["tone"] * (1 - amount)

    def lift(self, height: Array) -> None:
        """Raise (or, where negative, sink) the skin towards the viewer."""
        self["relief"] = self["relief"] + height

    def mask(self, name: str, cover: Array) -> None:
        """Add what `cover` covers to a mask."""
        self[name] = np.maximum(self[name], cover)


@dataclass
class Canvas(Window):
    """Whole pictures, and where the parts of the head lie in them."""

    place: Callable[[Array | float, Array | float], tuple[Array, Array]]  # features' (u, v) -> x, y in [-1, 1]

    def window(self, u: Array | float, v: Array | float, height: int, width: int) -> Window:
        """Return the window of this many fine pixels around a feature."""
        x, y = self.place(u, v)
        left = np.clip(np.rint((x + 1) * (GRID / 2) - width / 2), 0, GRID - width).astype(np.int32)
        top = np.clip(np.rint((y + 1) * (GRID / 2) - height / 2), 0, GRID - height).astype(np.int32)
        rows, columns = np.arange(height, dtype=np.int32)[:, None], np.arange(width, dtype=np.int32)
        faces = np.arange(len(self.pixel), dtype=np.int32)[:, None, None] * (GRID * GRID)
        return Window(self.layers, self.pixel, faces + (top + rows) * GRID + left + columns)

    def some(self, faces: Array) -> Canvas:
        """Return a copy of the canvas for these faces (indices) alone."""
        return Canvas({name: layer[faces] for name, layer in self.layers.items()}, self.pixel[faces], None, self.place)


def bump(u: Array, v: Array, ru: Array | float, rv: Array | float) -> Array:
    """Return a soft hill around the origin: 1 at its top, 0 beyond the ellipse."""
    a, b = u / ru, v / rv
    near = np.maximum(1 - a * a - b * b, 0)
    return near * near


def ellipse(u: Array, v: Array, ru: Array | float, rv: Array | float) -> Array:
    """Return about the signed distance from an ellipse around the origin."""
    a, b = u / ru, v / rv
    return (np.sqrt(a * a + b * b) - 1) * np.minimum(ru, rv, dtype=np.float32)


def ridge(across: Array, along: Array, width: Array | float, length: Array | float) -> Array:
    """Return a soft line: 1 on it, 0 beyond half its width to either side, fading towards its ends."""
    a, b = across / width, along / length
    near, inside = np.maximum(1 - a * a, 0), np.maximum(1 - b * b, 0)
    return near * near * inside


def length(u: Array, v: Array) -> Array:
    """Return the length of a vector (numpy's hypot takes ten times as long)."""
    return np.sqrt(u * u + v * v)


def wave(turns: Array) -> Array:
    """Return about sin(2 pi turns) by parabolas, at half the cost."""
    part = turns - np.rint(turns)
    return part * (8 - 16 * np.abs(part))


def capsule(u: Array, v: Array, a: tuple[Array, Array], b: tuple[Array, Array]) -> Array:
    """Return the distance from the line between two points."""
    du, dv = b[0] - a[0], b[1] - a[1]
    pu, pv = u - a[0], v - a[1]
    t = np.clip((pu * du + pv * dv) / (du * du + dv * dv), 0, 1)
    pu, pv = pu - t * du, pv - t * dv
    return length(pu, pv)

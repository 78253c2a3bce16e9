"""A grid of faces and maps as one picture, to be taken away: its cells in their rows, without words."""

import io
import re
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from PIL import Image

from ferpipe.drawing import pictures
from ferpipe.drawing.figure import ASSETS
from ferpipe.size import SIDE

SCALE, GAP = 3, 12  # of a picture's pixels, and between pictures
_ROW = re.compile(r'<ul class="cells">.*?</ul>|<img class="(?:strip|sprite)"[^>]*>', re.DOTALL)
_CELL = re.compile(r"<li>.*?</li>|<img[^>]*>", re.DOTALL)
_FILE = re.compile(rf'src="{ASSETS}([^"]+)"')


def sheet(body: str, files: Mapping[str, bytes]) -> bytes | None:
    """Return the PNG of a grid's HTML, whose pictures are these files; None where it has none."""
    rows = [
        tuple(tuple(files[file] for file in _FILE.findall(cell)) for cell in _CELL.findall(row))
        for row in _ROW.findall(body)
    ]
    rows = [row for row in rows if row]
    return _grid(tuple(rows)) if rows else None


@lru_cache(64)  # the languages share their pictures
def _grid(rows: tuple[tuple[tuple[bytes, ...], ...], ...]) -> bytes:
    strips = [_joined([_cell(layers) for layers in row]) for row in rows]
    width = max(strip.shape[1] for strip in strips)
    blank = np.full((GAP, width, 3), 255, np.uint8)
    parts: list[np.ndarray] = []
    for strip in strips:
        wide = np.full((strip.shape[0], width, 3), 255, np.uint8)
        wide[:, : strip.shape[1]] = strip
        parts += [wide, blank]
    return pictures.colour(np.concatenate(parts[:-1]))


def _cell(layers: tuple[bytes, ...]) -> np.ndarray:
    """Return one picture, (h, w, 3) uint8, enlarged: a face, a map, or a map over its face as the page begins.

    White for a cell that may show none.
    """
    if not layers:
        return np.full((SIDE * SCALE, SIDE * SCALE, 3), 255, np.uint8)
    images = [np.asarray(Image.open(io.BytesIO(layer)).convert("RGB")).astype(np.uint16) for layer in layers]
    if len(images) > 1:
        images = [images[1] * (128 + images[0] // 2) // 255]  # the face pale enough for colours to show on black
    return images[0].astype(np.uint8).repeat(SCALE, 0).repeat(SCALE, 1)


def _joined(cells: list[np.ndarray]) -> np.ndarray:
    height = max(cell.shape[0] for cell in cells)
    parts: list[np.ndarray] = []
    for cell in cells:
        tall = np.full((height, cell.shape[1], 3), 255, np.uint8)
        tall[: cell.shape[0]] = cell
        parts += [tall, np.full((height, GAP, 3), 255, np.uint8)]
    return np.concatenate(parts[:-1], axis=1)

"""Faces and maps at their native size, as lossless WebP: the browser enlarges them without smoothing.

Of PNG they would take a third more bytes; PNG is what is made to be taken away.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image

from ferpipe.drawing import colours
from ferpipe.storage import fingerprints

GREYS = 64  # more are not told apart in pictures of this size, and weigh a quarter more
ALL = 256  # as they are, for pictures that a network is asked about
TEXTURE = 24  # of what ascent grows: its grain hides the steps


def grey(values: np.ndarray, steps: int = GREYS) -> bytes:
    """Return a grey picture of uint8 values, or of floats in [0, 1], in so many steps."""
    pixels = values if values.dtype == np.uint8 else np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
    return _webp(Image.fromarray(_stepped(pixels, steps)))


def shared(kind: str, values: np.ndarray) -> tuple[str, bytes]:
    """Return a grey picture and its name, which its content gives: figures that show the same one load one file."""
    content = grey(values)
    return f"{kind}-{fingerprints.of_bytes(content)[:8]}.webp", content


def stretched(mean: np.ndarray) -> np.ndarray:
    """Return a mean picture over the whole range of grey: averaging has left it little of that."""
    low, high = float(mean.min()), float(mean.max())
    whole: np.ndarray = (mean - low) / (high - low) if high > low else mean
    return whole


def coarse(values: np.ndarray) -> bytes:
    """Return a grey picture of uint8 values in sixteen greys: half the bytes, for faces too small to show more."""
    return _webp(Image.fromarray(_stepped(values, 16)))


def colour(values: np.ndarray) -> bytes:
    """Return a PNG of uint8 colours (h, w, 3)."""
    return _png(Image.fromarray(values))


def signed(values: np.ndarray, limit: float) -> bytes:
    """Return signed values on the blue-white-orange scale, white at zero and its ends at -limit and limit."""
    image = Image.fromarray(np.ascontiguousarray(colours.indices(values, limit)))
    image.putpalette(colours.signed())
    return _webp(image)


def scale() -> bytes:
    """Return the signed scale itself as a picture, one pixel a step."""
    return signed(np.linspace(-1, 1, 2 * colours.STEPS + 1)[None], 1.0)


def rise() -> bytes:
    """Return the half of the scale above zero, for what has no sign."""
    return signed(np.linspace(0, 1, colours.STEPS + 1)[None], 1.0)


def limit(values: np.ndarray, share: float = 0.995) -> float:
    """Return the end of a symmetric scale: what all but the largest half percent of the values stay below."""
    return float(np.quantile(np.abs(values), share)) if values.size else 0.0


def pdf(png: bytes) -> bytes:
    """Return a PNG as one page of PDF."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).save(buffer, "PDF", resolution=192.0)
    return buffer.getvalue()


def tiled(tiles: np.ndarray, columns: int, gap: int, empty: float = 0.0) -> np.ndarray:
    """Return pictures (n, h, w) or (n, h, w, 3) as one, `columns` a row, with `gap` pixels of `empty` between."""
    count, height, width = tiles.shape[:3]
    rows = -(-count // columns)
    size = rows * (height + gap) - gap, columns * (width + gap) - gap
    sheet = np.full((*size, *tiles.shape[3:]), empty, tiles.dtype)
    for index, tile in enumerate(tiles):
        top, left = index // columns * (height + gap), index % columns * (width + gap)
        sheet[top : top + height, left : left + width] = tile
    return sheet


def _stepped(values: np.ndarray, steps: int) -> np.ndarray:
    """Return uint8 values in so many steps from black to white."""
    return np.ascontiguousarray((values.astype(np.uint16) * steps // 256 * 255 // (steps - 1)).astype(np.uint8))


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=False, compress_level=6)
    return buffer.getvalue()


def _webp(image: Image.Image) -> bytes:
    """Return a picture as WebP, every pixel as it is; it knows neither greys nor palettes, and finds both itself."""
    return _encoded(image.size, image.convert("RGB").tobytes())


@lru_cache(2048)  # the languages share their pictures
def _encoded(size: tuple[int, int], pixels: bytes) -> bytes:
    buffer = io.BytesIO()
    image = Image.frombytes("RGB", size, pixels)
    image.save(buffer, "WEBP", lossless=True, quality=75, method=3, exact=True)  # 4 is slower, and larger for faces
    return buffer.getvalue()

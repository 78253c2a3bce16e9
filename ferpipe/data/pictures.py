"""One picture's bytes to 48x48 grey pixels."""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ferpipe.data.sources import Entry, Progress, Source, counted, reason
from ferpipe.errors import Slip
from ferpipe.size import SIDE

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM", "AVIF")  # none that starts another program, as EPS does
PIXEL_LIMIT = 50_000_000
ORIENTATION = 0x0112  # the EXIF tag; 1 is upright


def read(source: Source, entries: Sequence[Entry], progress: Progress | None) -> tuple[np.ndarray, np.ndarray]:
    """Return these pictures as (n, 48, 48) uint8, and which had to be made so (n,); raises Slip as `decode` does."""
    images = np.empty((len(entries), SIDE, SIDE), np.uint8)
    changed = np.zeros(len(entries), bool)
    for index, entry in enumerate(counted(entries, progress)):
        images[index], changed[index] = decode(source.read(entry), source.name(entry))
    return images, changed


def decode(content: bytes, name: str) -> tuple[np.ndarray, bool]:
    """Return a picture as (48, 48) uint8, and whether it had to be made so; raises Slip, which calls it `name`.

    A picture of another size is cropped to its middle square and resized with antialiasing; transparency becomes white.
    """
    with _told(content, name), _opened(content, name) as image:
        if image.mode == "L" and image.size == (SIDE, SIDE) and _upright(image) and "transparency" not in image.info:
            return np.frombuffer(image.tobytes(), np.uint8).reshape(SIDE, SIDE), False  # asarray() takes twice as long
        grey = _greyed(image, name)
        return _fitted(grey, *middle(grey.height, grey.width)), True


def upright(content: bytes, name: str) -> np.ndarray:
    """Return a picture (h, w) uint8, as large as it is and the right way up; raises Slip, which calls it `name`."""
    with _told(content, name), _opened(content, name) as image:
        return np.asarray(_greyed(image, name))


def middle(height: int, width: int) -> tuple[float, float, float]:
    """Return left, top and side of the square in the middle of a picture."""
    side = min(height, width)
    return (width - side) // 2, (height - side) // 2, side


def fitted(grey: np.ndarray, left: float, top: float, side: float) -> np.ndarray:
    """Return a square of a picture (h, w) uint8 as (48, 48) uint8."""
    return _fitted(Image.fromarray(grey), left, top, side)


def shrunk(grey: np.ndarray, longest: int) -> np.ndarray:
    """Return a picture (h, w) uint8 whose longer side has so many pixels, or as it is if it has fewer."""
    height, width = grey.shape
    times = longest / max(height, width)
    if times >= 1:
        return grey
    size = max(1, round(times * width)), max(1, round(times * height))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS))


def _fitted(image: Image.Image, left: float, top: float, side: float) -> np.ndarray:
    if image.size != (SIDE, SIDE) or side != SIDE:
        # across, then down, as the page's script does: Pillow's own order depends on its version and on the picture
        across = (left, 0, left + side, image.height)
        image = image.resize((SIDE, image.height), Image.Resampling.LANCZOS, box=across)
        image = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS, box=(0, top, SIDE, top + side))
    return np.asarray(image)


@contextmanager
def _told(content: bytes, name: str) -> Iterator[None]:
    """Raise whatever goes wrong with a picture as a Slip."""
    if not content:
        raise Slip(f"{name} is empty (0 bytes); wanted a picture: download it again or take it out")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's doubts about size and metadata: what matters is checked here
            yield
    except Slip:
        raise
    except Image.DecompressionBombError:
        raise Slip(f"{name} has far more pixels than the {PIXEL_LIMIT:,} allowed; shrink it or take it out") from None
    except UnidentifiedImageError:
        raise Slip(f"{name} is no picture; wanted {', '.join(FORMATS)}: download it again or take it out") from None
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged data
        raise Slip(f"{name} is damaged ({reason(error)}); download it again or take it out") from None


@contextmanager
def _opened(content: bytes, name: str) -> Iterator[Image.Image]:
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        width, height = image.size
        if width * height > PIXEL_LIMIT:  # known from the header, before anything is decoded
            raise Slip(
                f"{name} has {width:,}x{height:,} pixels; at most {PIXEL_LIMIT:,} are read: shrink it or take it out"
            )
        image.load()
        yield image


def _upright(image: Image.Image) -> bool:
    return image.getexif().get(ORIENTATION, 1) not in range(2, 9)


def _greyed(image: Image.Image, name: str) -> Image.Image:
    return _grey(image if _upright(image) else ImageOps.exif_transpose(image), name)


def _grey(image: Image.Image, name: str) -> Image.Image:
    if image.mode == "F":
        raise Slip(f"{name} has floating-point pixels, whose range is unknown; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16 bits, which convert() would clip instead of scaling
        values = np.asarray(image, np.float32)  # a copy, and on a large photograph one that counts
        values /= 257
        np.rint(values, out=values).clip(0, 255, out=values)
        return Image.fromarray(values.astype(np.uint8))
    if image.has_transparency_data:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        # grey first, then the white behind it: a quarter of the memory
        return Image.composite(image.convert("L"), Image.new("L", image.size, "white"), image.getchannel("A"))
    return image.convert("RGB").convert("L")

"""Colour scales for maps: equal steps of a value are equal steps for the eye.

A scale is a straight line in OKLab (Ottosson 2020,
https://bottosson.github.io/posts/oklab), where distances are perceived differences. The signed one runs from blue over
white, which is zero, to orange, with ends equally dark.
"""

from functools import cache

import numpy as np

STEPS = 63  # on each side of zero
_END = {"blue": (0.48, -0.035, -0.155), "orange": (0.52, 0.105, 0.105)}  # OKLab: lightness, green-red, blue-yellow


@cache
def signed() -> bytes:
    """Return the signed scale as RGB bytes: 63 steps of blue, white, 63 steps of orange."""
    rise = np.linspace(0, 1, STEPS + 1)[:, None]  # (64, 1)
    white = np.array([1.0, 0.0, 0.0])
    sides = {name: white + rise * (np.array(end) - white) for name, end in _END.items()}  # (64, 3)
    lab = np.concatenate([sides["blue"][:0:-1], sides["orange"]])  # (127, 3)
    return _srgb(lab).tobytes()


def _srgb(lab: np.ndarray) -> np.ndarray:
    """Return OKLab colours (n, 3) as sRGB bytes (n, 3)."""
    cone = lab @ np.array(
        [
            [1, 1, 1],
            [0.3963377774, -0.1055613458, -0.0894841775],
            [0.2158037573, -0.0638541728, -1.2914855480],
        ]
    )
    mix = np.array(
        [
            [4.0767416621, -1.2684380046, -0.0041960863],
            [-3.3077115913, 2.6097574011, -0.7034186147],
            [0.2309699292, -0.3413193965, 1.7076147010],
        ]
    )
    linear = np.clip(cone**3 @ mix, 0, 1)
    gamma = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * gamma), dtype=np.uint8)


def indices(values: np.ndarray, limit: float) -> np.ndarray:
    """Return where signed values stand on the scale, 0 to 126 with zero at 63; what exceeds the limit is cut."""
    share = np.clip(values / limit, -1, 1) if limit > 0 else np.zeros_like(values)
    return np.asarray(np.rint(STEPS + STEPS * share), dtype=np.uint8)

"""Draws faces from shapes with known outlines: each shape's coverage both paints the picture and is its mask.

Coordinates are the face's own: u to the right, v down, the head about 0.7 wide and 0.95 high to either side of its
centre. Every array has the faces on its first axis; a parameter is (n, 1, 1), a picture (n, 96, 96), twice the final
size. What an action unit does follows Ekman & Friesen's Facial Action Coding System (2002).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ferpipe.emotions import SIDE

FINE = 2  # pictures are drawn at this many times their size and averaged down
Array = np.ndarray
UPPER, LOWER = slice(8, 66), slice(40, 96)  # rows that brows and eyes, or nose and mouth, can reach


@dataclass
class Canvas:
    """Pictures being painted, the coordinates of their pixels, and the coverages kept as masks."""

    image: Array  # (n, 96, 96) float32, 0 black to 1 white
    u: Array  # of the features: turned with the head
    v: Array
    pixel: Array  # (n, 1, 1) a pixel's size in face coordinates
    clip: Array  # what features may paint on: the head
    light: Array  # shading that everything on the head is multiplied with
    masks: dict[str, Array] = field(default_factory=dict)

    def cover(self, distance: Array, soft: float = 1.0) -> Array:
        """Return the share of each pixel inside a shape, from signed distances (negative inside)."""
        return np.clip(0.5 - distance / (self.pixel * soft), 0, 1)

    def paint(self, cover: Array, grey: Array | float, lit: bool = True) -> None:
        """Put a grey over the picture where `cover` says."""
        self.image += cover * ((grey * self.light if lit else grey) - self.image)

    def shade(self, amount: Array) -> None:
        """Darken (or, where negative, lighten) the picture by a share."""
        self.image *= 1 - amount * self.clip

    def some(self, faces: Array) -> Canvas:
        """Return a copy of the canvas for the faces (indices) that have what is painted next."""
        whole = np.broadcast_to(self.clip, self.image.shape)
        return Canvas(
            self.image[faces], self.u[faces], self.v[faces], self.pixel[faces], whole[faces], self.light[faces]
        )

    def rows(self, rows: slice) -> Canvas:
        """Return the canvas of some rows alone; what is painted on it is painted on this one."""
        parts = (self.image, self.u, self.v, self.clip, self.light)
        image, u, v, clip, light = (part[:, rows] for part in parts)
        return Canvas(image, u, v, self.pixel, clip, light)


def bump(u: Array, v: Array, cu: Array | float, cv: Array | float, ru: Array | float, rv: Array | float) -> Array:
    """Return a soft hill of height 1: 1 at the centre, 0 beyond the ellipse."""
    near = np.clip(1 - ((u - cu) / ru) ** 2 - ((v - cv) / rv) ** 2, 0, 1)
    return near * near


def ellipse(u: Array, v: Array, cu: Array | float, cv: Array | float, ru: Array | float, rv: Array | float) -> Array:
    """Return about the signed distance from an ellipse."""
    return (np.sqrt(((u - cu) / ru) ** 2 + ((v - cv) / rv) ** 2) - 1) * np.minimum(ru, rv)


def stroke(u: Array, v: Array, ends: tuple[Array | float, Array | float], path: Callable[[Array], Array],
           thick: Array | float) -> Array:  # fmt: skip
    """Return about the signed distance from a line v = path(t), t from 0 to 1 between two ends in u, thinning out."""
    t = (u - ends[0]) / (ends[1] - ends[0])
    inside = np.clip(t, 0, 1)
    taper = thick * (0.35 + 0.65 * np.sqrt(np.clip(4 * inside * (1 - inside), 0, 1)))
    beyond = (t - inside) * (ends[1] - ends[0])
    return np.sqrt((v - path(inside)) ** 2 + beyond**2) - taper


def segment(u: Array, v: Array, a: tuple[Array, Array], b: tuple[Array, Array], radius: Array | float) -> Array:
    """Return the signed distance from a capsule between two points."""
    du, dv = b[0] - a[0], b[1] - a[1]
    t = np.clip(((u - a[0]) * du + (v - a[1]) * dv) / (du * du + dv * dv), 0, 1)
    return np.hypot(u - a[0] - t * du, v - a[1] - t * dv) - radius


def picture(p: dict[str, Array], units: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
    """Return pictures (n, 96, 96) in about [0, 1] and the coverages of their regions, for parameters (n, 1, 1)."""
    axis = ((np.arange(SIDE * FINE, dtype=np.float32) + 0.5) / (SIDE * FINE) * 2 - 1).astype(np.float32)
    x, y = axis[None, None, :], axis[None, :, None]
    cos, sin = np.cos(p["roll"]), np.sin(p["roll"])
    dx, dy = x - p["x"], y - p["y"]
    u0, v0 = (cos * dx + sin * dy) / p["size"], (cos * dy - sin * dx) / p["size"]
    pixel = 2 / (SIDE * FINE) / p["size"]

    image = np.clip(p["back"] + p["back_x"] * x + p["back_y"] * y, 0.02, 0.98)
    image = image + p["blotch"] * np.sin(3 * x + p["phase"]) * np.cos(2.4 * y + 2 * p["phase"])
    chin = 0.95 + 0.12 * np.maximum(units["AU26"], 0.4 * units["AU25"])
    head, light = _head(u0, v0, p, chin)
    none = np.zeros_like(image)
    canvas = Canvas(image, u0, v0, pixel, none, np.ones_like(image))
    strand = 23 * u0 * (1 + 0.4 * v0) + p["phase"]
    hair = p["hair"] * (1 + 0.08 * np.sin(strand) + 0.06 * np.sin(2.7 * strand + 4 * v0))
    _behind(canvas, p, hair, chin)
    skull = canvas.cover(head)
    canvas.light = light
    for side in (-1, 1):
        ear = canvas.cover(ellipse(u0, v0, side * (p["width"] + 0.005), -0.02, 0.075, 0.15)) * (1 - p["long"])
        canvas.paint(ear, p["skin"] * 0.9)
    canvas.paint(skull, p["skin"])

    dome = np.sqrt(np.clip(1 - (u0 / p["width"]) ** 2 - (v0 / 0.95) ** 2, 0, 1))
    canvas.u, canvas.v, canvas.clip = u0 - 0.3 * p["yaw"] * dome, v0 - 0.22 * p["pitch"] * dome, skull
    _relief(canvas, p, units)
    masks = {"head": skull, "hand": none}
    for name, rows, part in (
        ("beard", LOWER, _beard), ("mouth", LOWER, _mouth), ("nose", LOWER, _nose), ("eyes", UPPER, _eyes),
        ("wrinkles", UPPER, _wrinkles), ("brows", UPPER, _brows),
    ):  # fmt: skip
        window = canvas.rows(rows)
        mask = np.zeros_like(image)
        mask[:, rows] = part(window, p, units)
        masks[name] = mask
    fringe = _fringe(canvas, p, u0, v0) * np.maximum(skull, canvas.cover(head - 0.03))
    canvas.paint(fringe, hair)
    _where(p["glasses"], canvas.rows(UPPER), p, _glasses)
    canvas.u, canvas.v = u0, v0
    masks["hand"] = _where(p["hand"], canvas, p, _hand)
    hidden = (1 - fringe) * (1 - masks["hand"])
    for name in ("head", "mouth", "nose", "eyes", "brows"):
        masks[name] = masks[name] * hidden * skull
    return canvas.image, masks


def _where(has: Array, canvas: Canvas, p: dict[str, Array], part: Callable[[Canvas, dict[str, Array]], Array]) -> Array:
    """Paint a part on the faces that have it, and return its coverage on all of them."""
    cover = np.zeros_like(canvas.image)
    faces = np.flatnonzero(has)
    if len(faces):
        own = canvas.some(faces)
        cover[faces] = part(own, {name: value[faces] for name, value in p.items()})
        canvas.image[faces] = own.image
    return cover


def _head(u: Array, v: Array, p: dict[str, Array], chin: Array) -> tuple[Array, Array]:
    """Return the head's signed distance and its shading: an ellipsoid's normals against the light (Lambert)."""
    below = np.clip(v / chin, 0, 1)
    width = p["width"] * (1 - p["jaw"] * below * below + 0.04 * np.sin(np.pi * below))
    height = np.where(v > 0, chin, 0.95)
    distance = (np.sqrt((u / width) ** 2 + (v / height) ** 2) - 1) * 0.75
    nu, nv = u / (1.12 * p["width"]), v / 1.12
    nz = np.sqrt(np.clip(1 - nu * nu - nv * nv, 0.06, 1))
    slant = np.sqrt(1 - np.clip(p["light_x"] ** 2 + p["light_y"] ** 2, 0, 0.9))
    lambert = np.clip(nu * p["light_x"] + nv * p["light_y"] + nz * slant, 0, 1)
    return distance, p["ambient"] + (1.12 - p["ambient"]) * lambert


def _behind(canvas: Canvas, p: dict[str, Array], hair: Array, chin: Array) -> None:
    """Paint what is behind the head: hair, neck, shoulders."""
    u, v = canvas.u, canvas.v
    volume = p["volume"]
    crown = ellipse(u, v, 0.0, -0.14, p["width"] + volume, 0.86 + volume)
    fall = np.maximum(np.abs(u) - (p["width"] + 0.75 * volume) * (1 + 0.05 * np.sin(3 * v)), np.abs(v - 0.35) - 0.65)
    back = np.where(p["long"] > 0.5, np.minimum(crown, fall), crown)
    canvas.paint(canvas.cover(back) * (1 - p["bald"]), hair * 0.85, lit=False)
    shoulders = ellipse(u, v, 0.0, 1.78, 1.4, 0.78)
    canvas.paint(canvas.cover(shoulders), p["cloth"], lit=False)
    neck = np.maximum(np.abs(u) - p["width"] * 0.56, np.abs(v - chin - 0.05) - 0.32)
    canvas.paint(canvas.cover(neck, 2), p["skin"] * 0.62, lit=False)


def _relief(canvas: Canvas, p: dict[str, Array], units: dict[str, Array]) -> None:
    """Shade what stands out and lies deep: sockets, cheekbones, folds, chin."""
    u, v = canvas.u, canvas.v
    depth = 0.0 * u
    for side in (-1, 1):
        depth += 0.20 * bump(u, v, side * p["eye_x"], p["eye_y"] - 0.03, 0.26, 0.2)
        depth -= (0.10 + 0.12 * units["AU6"]) * bump(u, v, side * (p["eye_x"] + 0.08), 0.16, 0.22, 0.18)
        depth += 0.12 * bump(u, v, side * 0.5, 0.42, 0.2, 0.34)
        bag = stroke(u, v, (side * (p["eye_x"] - 0.13), side * (p["eye_x"] + 0.13)),
                     lambda t: p["eye_y"] + 0.12 + 0.05 * np.sin(np.pi * t), 0.014)  # fmt: skip
        depth += canvas.cover(bag, 3) * (0.10 * p["age"] + 0.35 * units["AU6"] + 0.1 * units["AU7"])
        pull = np.maximum(units["AU12"], 0.9 * np.maximum(units["AU10"], 0.8 * units["AU9"]))
        corner = p["mouth_y"] - 0.06 * units["AU12"]
        wide = p["mouth_w"] * (1 + 0.3 * units["AU12"]) + 0.09
        reach = np.clip((v - 0.2) / (corner - 0.14), 0, 1)
        fold = np.abs(u * side - (0.15 + (wide - 0.15) * reach**1.4)) + 4 * np.clip(np.abs(v - 0.34) - 0.17, 0, 1)
        depth += np.clip(1 - fold / 0.06, 0, 1) * (0.06 + 0.22 * p["age"] + 0.36 * pull)
    depth += 0.13 * bump(u, v, 0.0, p["mouth_y"] + 0.19, 0.24, 0.07)
    pucker = units["AU17"] * bump(u, v, 0.0, 0.76, 0.22, 0.16)
    depth += pucker * (0.14 + 0.3 * np.sin(34 * u) * np.sin(30 * v))
    canvas.shade(depth)


def _brows(canvas: Canvas, p: dict[str, Array], units: dict[str, Array]) -> Array:
    u, v = canvas.u, canvas.v
    total = np.zeros_like(canvas.image)
    inner = p["brow_y"] + p["brow_rest"] - 0.15 * units["AU1"] + 0.13 * units["AU4"]
    outer = p["brow_y"] + 0.02 - 0.14 * units["AU2"] + 0.01 * units["AU4"]
    middle = (inner + outer) / 2 - p["brow_arch"] - 0.05 * units["AU2"] * (1 - units["AU4"]) + 0.035 * units["AU4"]
    for side in (-1, 1):
        ends = (side * (0.115 - 0.05 * units["AU4"]), side * (p["eye_x"] + 0.23))
        line = stroke(u, v, ends, lambda t: (1 - t) ** 2 * inner + 2 * t * (1 - t) * middle + t * t * outer,
                      p["brow_thick"])  # fmt: skip
        total = np.maximum(total, canvas.cover(line))
    canvas.paint(total * p["brow_dark"], p["brow_grey"])
    return total


def _eyes(canvas: Canvas, p: dict[str, Array], units: dict[str, Array]) -> Array:
    u, v = canvas.u, canvas.v
    total = np.zeros_like(canvas.image)
    squint = np.maximum(units["AU6"], units["AU7"])
    up = p["eye_h"] * (1 + 0.75 * units["AU5"] - 0.45 * units["AU7"] - 0.3 * units["AU6"] - 0.35 * units["AU9"])
    up = up * (1 - 0.25 * units["droop"])
    low = 0.55 * p["eye_h"] * (1 + 0.45 * units["AU5"] - 0.75 * squint - 0.3 * units["AU9"])
    for side in (-1, 1):
        t = (u - side * p["eye_x"]) / p["eye_w"]
        arc = np.clip(1 - t * t, 0, 1)
        slant = p["eye_y"] - side * t * (p["eye_tilt"] - 0.03 * units["droop"])
        lid, floor = slant - up * np.sqrt(arc), slant + low * np.sqrt(arc)
        ends = np.abs(t) - 1
        opening = canvas.cover(np.maximum(np.maximum(lid - v, v - floor), ends * p["eye_w"]))
        canvas.paint(opening, 0.55 + 0.35 * p["skin"])
        iu, iv = side * p["eye_x"] + p["gaze"], p["eye_y"] - 0.015
        iris = opening * canvas.cover(ellipse(u, v, iu, iv, p["iris"], p["iris"]))
        canvas.paint(iris, p["iris_grey"])
        canvas.paint(opening * canvas.cover(ellipse(u, v, iu, iv, 0.45 * p["iris"], 0.45 * p["iris"])), 0.02)
        canvas.paint(opening * canvas.cover(ellipse(u, v, iu - 0.025, iv - 0.03, 0.02, 0.02)), 1.0, lit=False)
        along = np.abs(ends) * 0 + np.clip(ends, 0, 1) * p["eye_w"]
        lash = canvas.cover(np.hypot(v - lid, along) - (0.018 + 0.012 * p["lash"]))
        canvas.paint(lash, 0.10 * p["skin"])
        canvas.paint(0.45 * canvas.cover(np.hypot(v - floor, along) - 0.008), 0.3 * p["skin"])
        crease = canvas.cover(np.hypot(v - (lid - 0.055 + 0.025 * units["AU5"]), along) - 0.006, 1.6)
        canvas.paint(0.35 * crease, 0.45 * p["skin"])
        total = np.maximum(total, canvas.cover(np.maximum(np.maximum(lid - v, v - floor) - 0.03, ends * p["eye_w"])))
    return total


def _wrinkles(canvas: Canvas, p: dict[str, Array], units: dict[str, Array]) -> Array:
    """Paint what the upper face's units fold: forehead, glabella, root of the nose, crow's feet."""
    u, v = canvas.u, canvas.v
    depth = 0.0 * u
    raised = np.maximum(units["AU1"], units["AU2"])
    for k in range(3):
        line = v - (p["brow_y"] - 0.16 - 0.085 * k - 0.03 * np.cos(2.2 * u) * (1 + 0.8 * units["AU1"] - units["AU2"]))
        across = np.clip(1 - np.abs(u) / (0.3 + 0.15 * units["AU2"]), 0, 1)
        depth += np.clip(1 - np.abs(line) / 0.022, 0, 1) * np.minimum(1, 2 * across) * (0.4 * raised + 0.1 * p["age"])
    for side in (-1, 1):
        upright = np.abs(u - side * 0.045) + 4 * np.clip(np.abs(v - p["brow_y"] - 0.04) - 0.09, 0, 1)
        depth += np.clip(1 - upright / 0.024, 0, 1) * 0.6 * units["AU4"]
        for k in (-1, 0, 1):
            foot = stroke(u, v, (side * (p["eye_x"] + 0.2), side * (p["eye_x"] + 0.32)),
                          lambda t, k=k: p["eye_y"] + 0.02 + k * (0.03 + 0.05 * t), 0.008)  # type: ignore[misc]  # fmt: skip
            depth += canvas.cover(foot, 1.5) * (0.5 * units["AU6"] + 0.12 * p["age"])
    for k in range(3):
        root = np.abs(v - (p["eye_y"] + 0.0 + 0.07 * k) - 0.35 * np.abs(u)) + 4 * np.clip(np.abs(u) - 0.1, 0, 1)
        depth += np.clip(1 - root / 0.026, 0, 1) * 0.65 * units["AU9"]
    canvas.shade(np.clip(depth, -0.5, 0.75))
    return np.zeros_like(canvas.image)


def _nose(canvas: Canvas, p: dict[str, Array], units: dict[str, Array]) -> Array:
    u, v = canvas.u, canvas.v
    tip = p["nose_y"] - 0.04 * units["AU9"]
    wide = p["nose_w"] * (1 + 0.22 * np.maximum(units["AU9"], units["AU10"]))
    away = np.sign(p["light_x"]) + (p["light_x"] == 0)
    depth = 0.24 * bump(u, v, -away * wide * 0.75, tip - 0.16, 0.09, 0.3) - 0.16 * bump(
        u, v, 0.0, tip - 0.14, 0.06, 0.3
    )
    depth += 0.3 * bump(u, v, 0.0, tip + 0.075, wide * 1.25, 0.05) - 0.18 * bump(u, v, 0.0, tip - 0.015, 0.075, 0.06)
    for side in (-1, 1):
        wing = np.abs(np.hypot((u - side * wide * 0.62) / 1.0, v - tip) - 0.062)
        depth += np.clip(1 - wing / 0.022, 0, 1) * (u * side > wide * 0.7) * (0.3 + 0.4 * units["AU9"])
    canvas.shade(depth)
    for side in (-1, 1):
        hole = canvas.cover(ellipse(u, v, side * wide * 0.48, tip + 0.035, 0.036 * (1 + 0.3 * units["AU9"]), 0.02), 1.5)
        canvas.paint(0.8 * hole, 0.22 * p["skin"])
    bridge = np.maximum(np.abs(u) - (0.05 + (wide - 0.02) * np.clip((v + 0.1) / (tip + 0.1), 0, 1)), -0.08 - v)
    return canvas.cover(np.maximum(bridge, v - tip - 0.075))


def _mouth(canvas: Canvas, p: dict[str, Array], units: dict[str, Array]) -> Array:
    u, v = canvas.u, canvas.v
    jaw = units["AU26"]
    wide = p["mouth_w"] * (
        1 + 0.55 * units["AU12"] + 0.34 * units["AU20"] - 0.22 * jaw * (1 - units["AU12"]) - 0.2 * units["AU23"]
    )
    t = u / wide
    arc = np.clip(1 - t * t, 0, 1)
    corner = p["mouth_rest"] - 0.17 * units["AU12"] + 0.13 * units["AU15"] + 0.03 * units["AU20"] - 0.02 * units["AU10"]
    middle = p["mouth_y"] + 0.05 * jaw - 0.045 * units["AU17"] - 0.03 * units["AU10"]
    line = middle + corner * t * t
    lips = 1 - 0.6 * units["AU23"]
    gap = 0.075 * units["AU25"] * (1 + 0.7 * units["AU12"]) + 0.22 * jaw
    top = line - (0.3 * gap + 0.055 * units["AU10"] + 0.01 * units["AU12"]) * arc
    bottom = line + (0.7 * gap + 0.045 * units["AU12"] * (units["AU25"] > 0.05)) * arc
    bow = 1 - 0.28 * np.exp(-((t / 0.16) ** 2))
    upper = top - p["lip_up"] * lips * (1 - 0.35 * units["AU12"]) * arc**0.8 * bow
    lower = bottom + p["lip_low"] * lips * arc**0.7 * (1 + 0.2 * units["AU17"])
    ends = (np.abs(t) - 1) * wide
    outer = canvas.cover(np.maximum(np.maximum(upper - v, v - lower), ends), 1.3)
    tone = p["skin"] * p["lip_tone"]
    canvas.paint(outer * 0.85, np.where(v < line, 0.86 * tone, tone))
    inside = canvas.cover(np.maximum(np.maximum(top - v, v - bottom), ends)) * np.clip((bottom - top) / 0.03, 0, 1)
    canvas.paint(inside, 0.07)
    show = np.clip(np.maximum(units["AU12"] + units["AU10"] + 0.9 * units["AU20"], 0.3) * 1.3, 0, 1)
    edge = top + 0.02 + 0.085 * show
    teeth = inside * canvas.cover(np.maximum(v - edge, np.abs(t) - 0.85)) * np.clip(show, 0, 1)
    canvas.paint(teeth, 0.62 + 0.3 * p["skin"])
    tongue = inside * bump(u, v, 0.0, bottom, 0.7 * wide, 0.09) * (jaw > 0.2)
    canvas.paint(0.6 * tongue, 0.32)
    closed = canvas.cover(np.hypot(v - line, np.clip(ends, 0, 1)) - (0.011 + 0.006 * units["AU23"]), 1.2)
    canvas.paint(closed * np.clip(1 - (bottom - top) / 0.05, 0.0, 1) * 0.9, 0.16 * p["skin"])
    for side in (-1, 1):
        end = bump(u, v, side * wide, middle + corner, 0.05, 0.045)
        canvas.shade(end * (0.25 + 0.35 * np.maximum(units["AU12"], units["AU15"])))
    return outer


def _beard(canvas: Canvas, p: dict[str, Array], units: dict[str, Array]) -> Array:
    u, v = canvas.u, canvas.v
    grain = 0.8 + 0.2 * np.sin(47 * u + 3 * np.sin(31 * v)) * np.sin(43 * v + p["phase"])
    low = np.clip((v - 0.5 + 0.35 * (np.abs(u) / p["width"]) ** 2 * -1.2) / 0.16, 0, 1)
    moustache = bump(u, v, 0.0, p["mouth_y"] - 0.12, p["mouth_w"] * 1.15, 0.11)
    bare = 1 - 0.9 * bump(u, v, 0.0, p["mouth_y"] + 0.03, p["mouth_w"] * 1.1, 0.16)
    cover = np.clip(np.maximum(low * bare, moustache) * grain, 0, 1) * p["beard"] * canvas.clip
    canvas.paint(cover, np.minimum(p["hair"], 0.7 * p["skin"]))
    return np.zeros_like(canvas.image)


def _fringe(canvas: Canvas, p: dict[str, Array], u: Array, v: Array) -> Array:
    """Return the coverage of the hair that lies over the head, down to the hairline and along the temples."""
    parting = 0.22 * np.abs(u - p["part"]) ** 1.5
    comb = 0.018 * np.sin(21 * u + 2 * p["phase"])
    hairline = v - (p["hairline"] + comb - parting * p["sweep"] + 0.35 * (np.abs(u) / p["width"]) ** 4)
    temples = p["width"] * (0.93 - 0.1 * p["long"]) - np.abs(u) - 0.12 * np.clip(v - 0.1, 0, 1)
    sides = np.maximum(temples, v - np.where(p["long"] > 0.5, 1.2, -0.02))
    return canvas.cover(np.minimum(hairline, sides), 1.5) * (1 - p["bald"])


def _glasses(canvas: Canvas, p: dict[str, Array]) -> Array:
    u, v = canvas.u, canvas.v
    frame = np.full_like(canvas.image, 9)
    for side in (-1, 1):
        lens = ((np.abs(u - side * p["eye_x"]) / 0.2) ** 3 + (np.abs(v - p["eye_y"] - 0.01) / p["lens"]) ** 3) ** (
            1 / 3
        )
        frame = np.minimum(frame, np.abs(lens - 1) * 0.17 - 0.011)
        frame = np.minimum(frame, segment(u, v, (side * (p["eye_x"] + 0.2), p["eye_y"] - 0.05),
                                          (side * p["width"], p["eye_y"] - 0.08), 0.011))  # fmt: skip
    frame = np.minimum(frame, segment(u, v, (0.2 - p["eye_x"], p["eye_y"]), (p["eye_x"] - 0.2, p["eye_y"]), 0.012))
    cover = canvas.cover(frame)
    canvas.paint(cover, p["rim"], lit=False)
    return cover


def _hand(canvas: Canvas, p: dict[str, Array]) -> Array:
    """Paint a hand with its fingers on cheek, chin or temple, and return its coverage."""
    u, v, side = canvas.u, canvas.v, p["hand_side"]
    reach, height = p["hand_u"], p["hand_v"]  # of the knuckles
    lit = 0.62 + 0.4 * canvas.light / canvas.light.mean((1, 2), keepdims=True)
    wrist = (side * (reach + 0.22), height + 1.2)
    arm = canvas.cover(segment(u, v, wrist, (side * (reach + 0.06), height + 0.28), 0.17))
    canvas.paint(arm, 0.92 * p["skin"] * lit, lit=False)
    palm = canvas.cover(ellipse(u, v, side * (reach + 0.03), height + 0.16, 0.2, 0.24))
    canvas.paint(palm, 0.96 * p["skin"] * lit, lit=False)
    cover = np.maximum(arm, palm)
    for k in range(4):
        start = (side * (reach + 0.17 - 0.105 * k), height + 0.06 + 0.015 * (k - 1.5) ** 2)
        end = (side * (reach + 0.15 - 0.135 * k + 0.05 * p["curl"]),
               height - 0.30 + 0.05 * (k - 1.3) ** 2 + 0.12 * p["curl"])  # fmt: skip
        distance = segment(u, v, start, end, 0.056)
        rim = canvas.cover(distance - 0.016, 1.4)
        canvas.paint(rim * 0.75, 0.42 * p["skin"], lit=False)
        finger = canvas.cover(distance)
        canvas.paint(finger, 1.03 * p["skin"] * lit, lit=False)
        cover = np.maximum(cover, np.maximum(rim, finger))
    return cover

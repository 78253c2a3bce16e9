"""Brows, eyes, nose and mouth: their outlines under the action units, their greys and their masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferpipe.data.faces.canvas import Array, Canvas, Params, bump, ellipse, length, ridge


@dataclass(frozen=True)
class Mouth:
    """A mouth's measures, each (n, 1, 1), and the lines that follow from them."""

    wide: Array  # half its width
    middle: Array  # height of the line between the lips, at the centre
    corner: Array  # how far below that the corners lie
    skew: Array  # how much more the one corner moves than the other
    above: Array  # how far the upper lip is raised from the line, the lower lip lowered
    below: Array
    boxed: Array  # 0: the opening is a lens; 1: nearly a rectangle
    upper: Array  # the lips' heights
    lower: Array
    lifted: Array  # AU10

    @staticmethod
    def shaped(p: Params, units: Params) -> Mouth:
        """Return the mouth that these action units shape."""
        smile, drop, press, stretch = units["AU12"], units["AU26"], units["AU23"], units["AU20"]
        wide = p["mouth_w"] * (1 + 0.42 * smile + 0.3 * stretch - 0.25 * drop * (1 - smile) * (1 - stretch)
                               - 0.14 * press - 0.08 * units["AU17"])  # fmt: skip
        gap = 0.085 * units["AU25"] * (1 + 0.5 * smile + 0.35 * stretch) + 0.2 * drop
        middle = p["mouth_y"] + 0.05 * drop - 0.045 * units["AU17"] - 0.035 * units["AU10"] + 0.02 * smile
        corner = p["mouth_rest"] - 0.17 * smile + 0.14 * units["AU15"] + 0.004 * stretch + 0.02 * units["AU17"]
        return Mouth(
            wide, middle, corner + 0.03 * units["AU10"], p["skew"],
            (0.3 + 0.12 * stretch) * gap + 0.03 * units["AU10"] * np.minimum(1, 5 * units["AU25"]),
            (0.7 - 0.12 * stretch) * gap,
            np.clip(0.8 * stretch + 0.7 * units["AU10"] + 0.55 * drop, 0, 1),
            p["lip_up"] * (1 - 0.6 * press - 0.3 * smile - 0.2 * stretch),
            p["lip_low"] * (1 - 0.55 * press - 0.15 * smile - 0.15 * stretch + 0.25 * units["AU17"]),
            units["AU10"],
        )  # fmt: skip

    def lines(self, u: Array) -> tuple[Array, Array, Array, Array]:
        """Return t (-1 and 1 at the corners), the line between closed lips, and the opening's upper and lower edge."""
        t = u / self.wide
        t2 = t * t
        arc = np.maximum(1 - t2, 0)
        arc = arc + self.boxed * (np.sqrt(arc) - arc)
        line = self.middle + self.corner * t2 * (0.6 + 0.4 * t2) * (1 + self.skew * t)
        return t, line, line - self.above * arc, line + self.below * arc

    def edges(self, u: Array) -> tuple[Array, Array]:
        """Return the outer edges of the upper and the lower lip."""
        t, _, top, bottom = self.lines(u)
        t2 = t * t
        arc = np.sqrt(np.maximum(1 - t2, 0))
        bow = 1 - 0.3 * np.maximum(1 - 20 * t2, 0)
        flare = 0.035 * self.lifted * np.maximum(1 - 6 * (np.abs(t) - 0.45) ** 2, 0) * arc
        full = np.maximum(1 - t2, 0)
        return top - self.upper * (0.4 * arc + 0.6 * full) * bow - flare, bottom + self.lower * (0.5 * arc + 0.5 * full)


def paint_mouth(canvas: Canvas, p: Params, units: Params, mouth: Mouth) -> None:
    """Paint lips, the opening with teeth and tongue, and the line between closed lips."""
    w = canvas.window(0.0, 0.58, 38, 50)
    u, v = w["u"], w["v"]
    t, line, top, bottom = mouth.lines(u)
    upper, lower = mouth.edges(u)
    ends = (np.abs(t) - 1) * mouth.wide
    lips = w.cover(np.maximum(np.maximum(upper - v, v - lower), ends), 1.6)
    tone = p["skin"] * p["lip_tone"]
    w.paint(lips * 0.9, np.where(v < line, 0.84 * tone, 1.02 * tone + 0.05 * bump(u, v - bottom - 0.035, 0.12, 0.03)))
    gap = bottom - top
    inside = w.cover(np.maximum(np.maximum(top - v, v - bottom), ends)) * np.clip(gap / (1.2 * w.pixel), 0, 1)
    w.paint(inside, 0.05 + 0.06 * p["skin"], lit=False)
    bared = np.clip(units["AU12"] + units["AU10"] + 0.3 * units["AU20"] + 0.3, 0, 1)
    edge = top + 0.015 + 0.075 * bared * (1 - 0.25 * t * t)
    upper_teeth = w.cover(np.maximum(v - edge, np.abs(t) - 0.9), 1.2)
    lower_teeth = w.cover(np.maximum(bottom - 0.045 - v, np.abs(t) - 0.7))
    lower_teeth *= 0.7 * np.maximum(0.3 * units["AU20"], units["AU16"])
    between = 1 - 0.12 * np.abs(np.sin(38 * u)) - 0.35 * t * t - 0.25 * np.clip(1 - (v - top) / 0.025, 0, 1)
    w.paint(inside * np.maximum(upper_teeth, lower_teeth), (0.62 + 0.28 * p["skin"]) * between)
    tongue = inside * bump(u, v - bottom, 0.75 * mouth.wide, 0.08) * np.clip(2.2 * units["AU26"] - 1.1, 0, 1)
    w.paint(0.8 * tongue * (1 - upper_teeth), 0.34 * (0.5 + 0.5 * p["skin"]))
    beyond = np.maximum(ends, 0)
    gaped = np.clip(1 - gap / 0.035, 0, 1)
    closed = w.cover(length(v - line, beyond) - 0.009 - 0.009 * units["AU23"], 1.5)
    w.paint(closed * 0.85 * gaped, 0.2 * p["skin"])
    w.mask("mouth", w.cover(np.maximum(np.maximum(upper - v, v - lower), ends)))


def paint_nose(canvas: Canvas, p: Params, units: Params) -> None:
    """Paint nostrils, the wings' creases and the shadow that the nose casts."""
    tip = p["nose_y"] - 0.035 * units["AU9"] - 0.015 * units["AU10"]
    wide = p["nose_w"] * (1 + 0.2 * np.maximum(units["AU9"], 0.7 * units["AU10"]) + 0.08 * units["AU12"])
    w = canvas.window(0.0, 0.12, 44, 32)
    u, v = w["u"], w["v"]
    cast = ellipse(u + p["light_x"] * 0.13, v - tip - 0.04 - 0.06 * np.maximum(-p["light_y"], 0), wide * 0.9, 0.055)
    w.paint(w.cover(cast, 5) * 0.3 * np.clip(1.3 * np.abs(p["light_x"]) - 0.8 * p["light_y"], 0, 1), 0.45 * p["skin"])
    for side in (-1, 1):
        a = (u * side - wide * 0.48) * side
        hole = w.cover(ellipse(a, v - tip - 0.04 + 0.15 * side * a, 0.042 * (1 + 0.3 * units["AU9"]), 0.02), 1.8)
        w.paint(0.85 * hole, 0.2 * p["skin"])
        out = u * side - wide * 0.62
        wing = ridge(length(out, v - tip) - 0.075, v - tip + 0.005, 0.028, 0.075)
        w.paint(wing * (out > 0) * (0.25 + 0.3 * units["AU9"] + 0.15 * units["AU10"]), 0.35 * p["skin"])
    along = np.clip((v - p["eye_y"]) / (tip - p["eye_y"]), 0, 1)
    sides = np.abs(u) - 0.05 - (wide + 0.02 - 0.05) * along * along
    w.mask("nose", w.cover(np.maximum(np.maximum(sides, p["eye_y"] + 0.02 - v), v - tip - 0.075)))


def paint_eyes(canvas: Canvas, p: Params, units: Params) -> None:
    """Paint eyeballs between the lids, iris, pupil and catchlight, lashes, and the lid's crease."""
    squint = np.clip(np.maximum(units["AU6"], units["AU7"]) + 0.6 * units["AU9"], 0, 1)
    up = p["eye_h"] * (1 + 0.8 * units["AU5"] - 0.36 * units["AU7"] - 0.36 * units["AU6"] - 0.4 * units["AU9"]
                       - 0.5 * units["AU43"])  # fmt: skip
    low = p["eye_h"] * (0.52 + 0.24 * units["AU5"] - 0.36 * squint)
    for side in (-1, 1):
        w = canvas.window(side * p["eye_x"], p["eye_y"] - 0.02, 26, 26)
        u, v = (w["u"] - side * p["eye_x"]) * side, w["v"] - p["eye_y"]
        t = u / p["eye_w"]
        arc = np.maximum(1 - t * t, 0)
        root = np.sqrt(arc)
        tilt = -t * (p["eye_tilt"] - 0.03 * units["AU43"] - 0.012 * units["AU15"])
        pressed = (0.03 * units["AU4"] * (1 - units["AU1"]) - 0.022 * units["AU1"] * (1 - units["AU5"])) * (0.3 - t)
        lid = tilt - up * (0.45 * arc + 0.55 * root) + pressed * arc
        floor = tilt + low * (0.6 * arc + 0.4 * root)
        ends = (np.abs(t) - 1) * p["eye_w"]
        opened = np.maximum(np.maximum(lid - v, v - floor), ends)
        opening = w.cover(opened)
        shaded = 1 - 0.4 * np.clip(1 - (v - lid) / 0.05, 0, 1) - 0.2 * t * t
        w.paint(opening, (0.72 + 0.2 * p["skin"]) * shaded)
        iu, iv = u - side * p["gaze"], v + 0.018
        ball = ellipse(iu, iv, p["iris"], p["iris"])
        grey = p["iris_grey"] * (0.75 + 3.5 * np.maximum(iv, 0)) * shaded
        w.paint(opening * w.cover(ball), np.where(ball > -0.018, 0.55 * grey, grey))
        w.paint(opening * w.cover(ball + 0.56 * p["iris"]), 0.02)
        spark = w.cover(ellipse(iu - side * 0.028 * np.sign(p["light_x"]), iv + 0.026, 0.02, 0.02), 1.2)
        w.paint(opening * spark * 0.9, 0.95, lit=False)
        beyond = np.maximum(ends, 0)
        lash = length(v - lid + 0.006, beyond) - (0.012 + 0.014 * p["lash"]) * (1 + 0.35 * t) - 0.004
        w.paint(0.92 * w.cover(lash, 1.2), 0.09 * p["skin"])
        w.paint(0.4 * w.cover(length(v - floor - 0.006, beyond) - 0.006, 1.4), 0.4 * p["skin"])
        crease = v - lid + (0.06 - 0.028 * units["AU5"] + 0.012 * p["age"]) * (0.4 + 0.6 * root)
        w.paint(0.42 * ridge(crease, u - 0.01, 0.024, 0.19), 0.4 * p["skin"])
        w.mask("eyes", w.cover(np.maximum(opened - 0.028, ends - 0.02)))


def paint_brows(canvas: Canvas, p: Params, units: Params) -> None:
    """Paint the brows as bands of hair, thick inside and thin outside."""
    grey = np.minimum(0.75 * p["hair"], 0.5 * p["skin"])
    knit = units["AU4"]
    raised = units["AU1"]
    inner = p["brow_y"] + p["brow_rest"] - 0.15 * raised * (1 - 0.3 * knit) + 0.14 * knit * (1 - 0.4 * raised)
    middle = p["brow_y"] - p["brow_arch"] - 0.045 * raised - 0.1 * units["AU2"] + 0.065 * knit * (1 - 0.5 * raised)
    outer = p["brow_y"] + 0.03 - 0.12 * units["AU2"] + 0.012 * units["AU1"] - 0.01 * knit
    for side in (-1, 1):
        w = canvas.window(side * (p["eye_x"] + 0.02), p["brow_y"], 30, 34)
        u, v = w["u"] * side, w["v"]
        start = p["eye_x"] - 0.18 - 0.04 * knit
        t = (u - start) / (p["eye_x"] + 0.21 - start)
        s = np.clip(t, 0, 1)
        r = 1 - s
        path = r * r * inner + 2 * s * r * (2 * middle - (inner + outer) / 2) + s * s * outer
        beyond = (t - s) * 0.4
        thick = p["brow_thick"] * (1.1 - 0.75 * s * s) * np.minimum(1, 0.55 + 4 * s)
        band = length(v - path, beyond) - thick
        hairs = 1 - 0.14 * (1 + np.sin(52 * u + 60 * (v - path) + p["phase"]))
        w.paint(w.cover(band, 2.0) * p["brow_dark"] * hairs, grey)
        w.mask("brows", w.cover(band))

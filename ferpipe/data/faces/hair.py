"""Hair behind and over the head, beard, glasses, and what the head stands on."""

import numpy as np

from ferpipe.data.faces.canvas import Array, Canvas, Params, bump, capsule, ellipse, wave


def hair_grey(p: Params, u: Array, v: Array) -> Array:
    """Return the hair's grey: strands that fall from the part, or curls, round and shining in the light."""
    strand = (u - 0.6 * p["part"]) / (v + 1.75) + 0.02 * wave(0.8 * v + p["phase"])
    first, second = p["phase"], p["phase2"]
    straight = 0.5 * wave(5.9 * strand + first) + 0.35 * wave(13.2 * strand + 0.3 * v + second)
    curled = wave(3.7 * u + 0.24 * wave(1.1 * v + second) + first) * wave(3.4 * v + 0.27 * wave(1.4 * u + second))
    texture = straight + p["hair_curl"] * (1.2 * curled - straight)
    a, b = u / (p["width"] + 0.3), (v - 0.1) / 1.35
    facing = 0.45 + 0.68 * (a * p["light_x"] + b * p["light_y"])
    facing += 0.56 * np.sqrt(np.maximum(1 - a * a - b * b, 0.05))
    across, down = u - 0.25 * p["light_x"], v + 0.1
    halo = (across * across + 0.9 * down * down - 0.5) / 0.2
    halo = np.maximum(1 - halo * halo, 0) * np.clip(-0.2 - 2 * v, 0, 1) * (p["gloss"] * (0.25 + p["hair"]))
    return p["hair"] * facing * (1 + 0.27 * texture) + halo * (0.6 + 0.4 * texture)


def paint_back(canvas: Canvas, p: Params, u: Array, v: Array, chin: Array) -> None:
    """Paint what is behind the head: hair, shoulders, neck and ears."""
    grey = hair_grey(p, u, v)
    canvas.layers["hair"] = grey
    curls = 0.035 * p["hair_curl"] * wave(2.4 * u + p["phase"]) * wave(2.1 * v + p["phase2"])
    wide = p["width"] + p["hair_side"]
    crown = ellipse(u, v + 0.1, wide, 0.83 + p["hair_top"])
    crown = np.maximum(crown, v - np.maximum(p["hair_fall"], 0.1))
    reach = wide * (0.97 + 0.1 * np.clip(v, 0, 1) * p["hair_c"] + 0.03 * wave(0.64 * v + p["phase"]))
    bottom = np.maximum(v - p["hair_fall"] + 0.3, 0) / 0.3
    fall = np.abs(u) - reach + (0.03 + 0.16 * p["hair_b"]) * bottom * bottom
    fall = np.maximum(np.maximum(fall, v - p["hair_fall"] - 0.02 * wave(3 * u + p["phase"])), -0.1 - v)
    back = np.where(p["hair_fall"] > 0.1, np.minimum(crown, fall), crown) + curls
    if np.any(p["hair_top"] > -0.05):
        canvas.paint(canvas.cover(back, 1.5), 0.8 * grey, lit=False)
    lit = np.clip(0.75 + 0.5 * u * p["light_x"], 0.4, 1.1)
    hollow = 0.16 * p["width"]
    neck = np.abs(u) - p["width"] * (0.66 - 0.14 * p["soft"]) - 0.25 * np.clip(v - 1.0, 0, 1)
    neck = np.maximum(neck, 0.2 - v)
    shade = 0.5 + 0.3 * np.clip((v - chin - 0.02) / 0.25, 0, 1) - hollow * 0.2
    shoulders = ellipse(u, v - 1.85, 1.45, 0.8 - 0.05 * p["soft"])
    cloth = p["cloth"] * lit * (1 - 0.08 * wave(1.4 * u + 0.5 * v + p["phase"]))
    canvas.paint(canvas.cover(shoulders, 1.5), cloth, lit=False)
    open_ = np.maximum(np.abs(u) - (0.34 - 0.5 * p["collar"] * (v - 1.0)), v - 1.12 - 0.6 * p["collar"])
    neck = np.where(v > 1.1, np.maximum(neck, open_), neck)
    canvas.paint(canvas.cover(neck, 1.5), p["skin"] * shade * lit, lit=False)
    for side in (-1, 1):
        w = canvas.window(side * (p["width"] - 0.02), 0.0, 34, 20)
        out, turned = w["u"] * side - p["width"], w["v"] - 0.03
        ear = w.cover(ellipse(out + 0.1 * turned, turned, 0.085, 0.165), 1.3) * (p["hair_low"] < 0.25)
        inner = bump(out + 0.01, turned, 0.05, 0.12)
        w.paint(ear, p["skin"] * (0.86 - 0.3 * inner))


def paint_front(canvas: Canvas, p: Params, u: Array, v: Array, outline: Array) -> Array:
    """Paint the hair that lies over the head and its shadow on the forehead, and return the hair's coverage."""
    fu, fv = 0.5 * (canvas["u"] + u), 0.5 * (canvas["v"] + v)  # hair turns less than what stands out from the face
    side = np.abs(fu) / p["width"]
    away = fu - p["part"]
    far = np.abs(away)
    fallen = p["hair_drop"] * far * (0.35 + far) * (1 + p["hair_lean"] * np.clip(4 * away, -1, 1))
    strand = (fu - 0.6 * p["part"]) / (fv + 1.75)
    lock = 0.8 * wave(8.3 * strand + p["phase"]) + wave(13.7 * strand + p["phase2"]) * wave(3.1 * strand)
    temple = np.maximum(side - 0.68, 0)
    line = p["hair_line"] + fallen + p["hair_jag"] * lock
    above = fv - line - 4.5 * temple * temple
    beside = (p["hair_inner"] * (1 - 0.1 * np.clip(fv, 0, 1)) - side) * p["width"] + 0.012 * wave(1.8 * fv + p["phase"])
    beside = np.maximum(beside, fv - p["hair_low"])
    curls = 0.025 * p["hair_curl"] * wave(3.0 * u + p["phase"]) * wave(2.7 * v + p["phase2"])
    over = np.minimum(above, beside) + curls
    thick = np.where(p["hair_thin"] < 1, 1 - 0.75 * p["hair_thin"], 0)
    head = canvas.cover(outline - 0.02)
    cover = canvas.cover(over, 1.5 + 4 * p["hair_thin"]) * head
    shadow = np.clip(1 - over / 0.07, 0, 1) * head - cover
    canvas.paint(0.3 * shadow * thick, 0.4 * p["skin"])
    canvas.paint(cover * thick, canvas["hair"], lit=False)
    return cover * (p["hair_thin"] < 1)


def paint_beard(canvas: Canvas, p: Params, units: Params) -> None:
    """Paint stubble (kind 1), a full beard (2) or a moustache with a goatee (3) on the faces that have one."""
    faces = np.flatnonzero(p["beard"])
    if not len(faces):
        return
    q = {name: value[faces] for name, value in p.items()}
    some = canvas.some(faces)
    u, v, drop = some["u"], some["v"], 0.09 * units["AU26"][faces]
    side = np.abs(u) / q["width"]
    grain = 0.82 + 0.18 * np.sin(61 * u + 3 * np.sin(37 * v)) * np.sin(53 * v + q["phase"])
    jaw = np.clip((v - (0.46 - 0.62 * np.maximum(side - 0.42, 0)) + 0.04 * q["beard_a"]) / 0.12, 0, 1)
    goatee = np.clip((0.3 - np.abs(u)) / 0.07, 0, 1) * np.clip((v - 0.5) / 0.1, 0, 1)
    lip = bump(u, v - q["mouth_y"] + 0.105, 0.33, 0.11) * 1.6
    bare = 1 - np.clip(1.8 * bump(u, v - q["mouth_y"] - 0.02 - drop, q["mouth_w"] * 1.1, 0.13 + drop), 0, 1)
    full = np.maximum(jaw * bare, np.clip(lip, 0, 1))
    part = np.maximum(goatee * bare * (q["beard_a"] > 0.4), np.clip(lip, 0, 1))
    amount = np.where(q["beard"] == 3, part * 0.9, full * np.where(q["beard"] == 2, 0.9, 0.3 + 0.15 * q["beard_a"]))
    some.paint(amount * grain * some["clip"], np.minimum(0.9 * q["hair"], 0.55 * q["skin"]))
    canvas["image"][faces] = some["image"]


def paint_glasses(canvas: Canvas, p: Params) -> None:
    """Paint frames, from round to square, with a gleam on the lenses."""
    faces = np.flatnonzero(p["glasses"])
    if not len(faces):
        return
    q = {name: value[faces] for name, value in p.items()}
    some = canvas.some(faces)
    u, v = some["u"], some["v"] - q["eye_y"] - 0.015
    frame = np.abs(v + 0.02 + 0.02 * np.cos(6 * u)) - 0.013 + 9 * np.maximum(np.abs(u) - q["eye_x"] + 0.17, 0)
    for side in (-1, 1):
        a, b = (u - side * q["eye_x"]) / 0.2, v / q["lens"]
        a, b = a * a, b * b
        form = 0.8 * q["lens_form"]
        lens = np.sqrt((1 - form) * (a + b) + form * np.sqrt(a * a + b * b)) - 1
        frame = np.minimum(frame, np.abs(lens) * 0.17 - 0.013)
        zero = 0 * q["eye_x"]
        arm = capsule(u, v, (side * (q["eye_x"] + 0.2), zero - 0.03), (side * q["width"] * 1.02, zero - 0.05))
        frame = np.minimum(frame, arm - 0.012)
        gleam = some.cover(lens * 0.17) * np.clip(1 - np.abs(u - side * q["eye_x"] + 0.6 * v - 0.1) / 0.05, 0, 1)
        some.paint(0.22 * gleam, 0.95, lit=False)
    some.paint(some.cover(frame) * 0.95, q["rim"], lit=False)
    canvas["image"][faces] = some["image"]

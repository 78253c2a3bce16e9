"""The head in the picture: its outline, its relief under the action units, its skin in the light.

The relief is a height over an ellipsoid; its slopes against the light's direction shade the face (Lambert's law), so
that folds, lips and nose follow the light as the head does. What an action unit moves follows Ekman & Friesen's Facial
Action Coding System (2002).
"""

import numpy as np

from ferpipe.data.faces.canvas import GRID, Array, Canvas, Params, bump, ellipse, ridge
from ferpipe.data.faces.features import Mouth, paint_brows, paint_eyes, paint_mouth, paint_nose
from ferpipe.data.faces.hair import paint_back, paint_beard, paint_front, paint_glasses
from ferpipe.data.faces.hand import paint_hand

LAYERS = ("relief", "tone", "brows", "eyes", "nose", "mouth", "hand")
TOP = 0.93  # height of the skull above the head's centre


def picture(p: Params, units: Params) -> tuple[Array, dict[str, Array]]:
    """Return pictures (n, 96, 96) in about [0, 1] and the coverages of head, hand, brows, eyes, nose and mouth."""
    canvas, u0, v0 = _blank(p)
    chin = 0.93 + 0.13 * units["AU26"] + 0.025 * units["AU25"] - 0.015 * units["AU17"]
    outline = _outline(u0, v0, p, chin)
    skull = canvas.cover(outline)
    mouth = Mouth.shaped(p, units)
    _raise(canvas, p, units, mouth)
    light = canvas["light"] = _light(canvas, p, u0, v0)
    paint_back(canvas, p, u0, v0, chin)
    canvas.paint(skull, _skin(canvas, p))
    canvas["clip"] = skull
    paint_beard(canvas, p, units)
    paint_mouth(canvas, p, units, mouth)
    paint_nose(canvas, p, units)
    paint_eyes(canvas, p, units)
    paint_brows(canvas, p, units)
    fringe = paint_front(canvas, p, u0, v0, outline)
    paint_glasses(canvas, p)
    canvas["light"] = light
    paint_hand(canvas, p, u0, v0)
    hidden = (1 - fringe) * (1 - canvas["hand"])
    masks = {name: canvas[name] * skull * hidden for name in ("brows", "eyes", "nose", "mouth")}
    return canvas["image"], masks | {"head": skull * hidden, "hand": canvas["hand"]}


def _blank(p: Params) -> tuple[Canvas, Array, Array]:
    """Return a canvas with its background, and the pixels' places on the head before it is turned."""
    axis = (np.arange(GRID, dtype=np.float32) + 0.5) / (GRID / 2) - 1
    x, y = axis[None, None, :], axis[None, :, None]
    cos, sin = np.cos(p["roll"]), np.sin(p["roll"])
    dx, dy = x - p["x"], y - p["y"]
    u0, v0 = (cos * dx + sin * dy) / p["size"], (cos * dy - sin * dx) / p["size"]
    yaw = (np.cos(p["yaw"]), p["width"] * np.sin(p["yaw"]))
    pitch = (np.cos(p["pitch"]), TOP * np.sin(p["pitch"]))
    a, b = u0 / p["width"], v0 / TOP
    dome = np.sqrt(np.maximum(1 - a * a - b * b, 0))
    u, v = u0 * yaw[0] - yaw[1] * dome, v0 * pitch[0] - pitch[1] * dome

    def place(u: Array | float, v: Array | float) -> tuple[Array, Array]:
        a, b = u / p["width"], v / TOP
        dome = np.sqrt(np.maximum(1 - a * a - b * b, 0))
        left, down = u * yaw[0] + yaw[1] * dome, v * pitch[0] + pitch[1] * dome
        return p["size"] * (cos * left - sin * down) + p["x"], p["size"] * (sin * left + cos * down) + p["y"]

    step = np.clip((x + 0.2 * y - p["edge_x"]) * 8, -1, 1) * p["edge"] * (np.abs(p["edge"]) > 0.16)
    wave = np.sin(3 * x + p["phase"]) * np.cos(2.4 * y + p["phase2"])
    image = np.clip(p["back"] + p["back_x"] * x + p["back_y"] * y + 0.5 * step + 0.05 * wave, 0.02, 0.98)
    layers = {name: np.zeros_like(u) for name in LAYERS}
    layers["tone"] += 1
    return Canvas(layers | {"image": image, "u": u, "v": v}, 2 / GRID / p["size"], None, place), u0, v0


def _outline(u0: Array, v0: Array, p: Params, chin: Array) -> Array:
    """Return the head's signed distance: round above, below it narrows to a round or square jaw."""
    below = np.maximum(v0 / chin, 0)
    below2 = below * below
    width = p["width"] * (1 - p["taper"] * below2 + p["cheek"] * 4 * below * (1 - below))
    a, b = u0 / np.maximum(width, 0.1), below + np.minimum(v0, 0) / TOP
    a2, b2 = a * a, b * b
    square = 0.15 + 0.6 * p["square"] * np.minimum(below2, 1)
    radius = (1 - square) * (a2 + b2) + square * np.sqrt(a2 * a2 + b2 * b2)
    return (np.sqrt(radius) - 1) * 0.7


def _raise(canvas: Canvas, p: Params, units: Params, mouth: Mouth) -> None:
    """Give the skin its relief (bones, lips, nose, folds) and its tone where light hardly reaches."""
    _raise_upper(canvas, p, units)
    _raise_nose(canvas, p, units)
    _raise_lower(canvas, p, units, mouth)
    raised = np.maximum(units["AU1"], units["AU2"])
    w = canvas.window(0.0, p["brow_y"] - 0.24, 24, 60)
    u, v = w["u"], w["v"]
    dent = 0.0 * u
    for k in range(3):
        line = v - (p["brow_y"] - 0.15 - 0.085 * k - 0.04 * np.cos(3 * u) * (1 + units["AU1"] - units["AU2"]))
        dent += ridge(line, u, 0.032, 0.34 + 0.18 * units["AU2"] - 0.03 * k)
    w.dim(dent * (0.3 * raised + 0.1 * p["age"]))
    w.lift(-0.02 * dent * (raised + 0.3 * p["age"]))


def _raise_upper(canvas: Canvas, p: Params, units: Params) -> None:
    """Shape sockets, brow ridge, cheeks, bags, crow's feet and the frown between the brows."""
    squint = np.maximum(units["AU6"], 0.8 * units["AU9"])
    for side in (-1, 1):
        w = canvas.window(side * p["eye_x"], p["eye_y"] + 0.1, 44, 38)
        u, v = (w["u"] - side * p["eye_x"]) * side, w["v"] - p["eye_y"]  # u outwards
        brow = p["brow_y"] - p["eye_y"] + 0.09 * units["AU4"] - 0.1 * units["AU2"]
        socket = bump(u + 0.03, v + 0.06, 0.25, 0.17)
        inner = bump(u + 0.15, v + 0.03, 0.1, 0.13)
        w.lift(0.035 * p["deep"] * bump(u, v - brow, 0.26, 0.09) - 0.05 * p["deep"] * socket - 0.03 * inner
               + (0.02 + 0.05 * squint) * bump(u - 0.07, v - 0.29 + 0.05 * squint, 0.24, 0.17))  # fmt: skip
        bag = ridge(v - 0.105 - 0.06 * (1 - (u / 0.2) ** 2) + 0.03 * squint, u + 0.02, 0.035, 0.19)
        hollow = 0.03 + 0.12 * p["age"] + 0.22 * squint + 0.12 * units["AU7"]
        feet = 0.0 * u
        for k in (-1, 0, 1):
            feet += ridge(v - k * (0.02 + 0.3 * (u - 0.17)) - 0.02, u - 0.25, 0.024, 0.1)
        pressed = 0.12 * units["AU4"] * bump(u + 0.12, v + 0.1, 0.2, 0.1)
        w.dim((0.13 + 0.1 * p["deep"]) * socket + 0.12 * inner + bag * hollow + pressed
              + feet * (0.32 * units["AU6"] + 0.12 * p["age"] ** 2))  # fmt: skip
        w.lift(-0.02 * bag * (0.4 * p["age"] + squint))
    w = canvas.window(0.0, p["brow_y"] + 0.05, 22, 20)
    u, v = w["u"], w["v"] - p["brow_y"] - 0.03
    frown = ridge(np.abs(u) - 0.048 - 0.1 * np.maximum(-v, 0), v, 0.034, 0.14)
    w.dim(frown * (0.45 * units["AU4"] + 0.06 * p["age"]))
    w.lift(0.05 * units["AU4"] * (bump(u, v, 0.05, 0.13) - 0.3 * frown))


def _raise_nose(canvas: Canvas, p: Params, units: Params) -> None:
    """Shape ridge, tip, wings, and the wrinkles across the root that AU9 makes."""
    tip = p["nose_y"] - 0.035 * units["AU9"] - 0.015 * units["AU10"]
    wide = p["nose_w"] * (1 + 0.2 * np.maximum(units["AU9"], 0.7 * units["AU10"]) + 0.08 * units["AU12"])
    w = canvas.window(0.0, 0.08, 40, 36)
    u, v = w["u"], w["v"]
    along = np.clip((v + 0.2) / (tip + 0.2), 0, 1)
    below = np.clip((tip + 0.07 - v) / 0.07, 0, 1)
    height = p["nose_h"] * (0.3 + 0.7 * along * along) * below * np.clip((v + 0.34) * 8, 0, 1)
    w.lift(height * bump(u, 0 * v, 0.075 + 0.05 * along, 1.0) + 0.04 * bump(u, v - tip, 0.085, 0.08))
    for side in (-1, 1):
        w.lift(0.045 * bump(u - side * wide * 0.72, v - tip - 0.01, 0.07, 0.075))
        wrinkle = ridge(v - p["eye_y"] - 0.1 - 0.6 * (u * side - 0.05), u * side - 0.07, 0.03, 0.08)
        wrinkle = wrinkle + ridge(v - p["eye_y"] - 0.19 - 0.6 * (u * side - 0.07), u * side - 0.1, 0.03, 0.09)
        w.dim(0.5 * units["AU9"] * wrinkle)
    for k in range(2):
        root = ridge(v - p["eye_y"] - 0.01 - 0.07 * k + 0.3 * np.abs(u), u, 0.028, 0.1)
        w.dim(0.5 * units["AU9"] * root)
        w.lift(-0.015 * units["AU9"] * root)
    under = bump(u, v - tip - 0.11, wide * 1.2, 0.06)
    w.dim(0.22 * under)


def _raise_lower(canvas: Canvas, p: Params, units: Params, mouth: Mouth) -> None:
    """Shape the folds from nose to mouth, lips, chin, and the corners' dimples."""
    w = canvas.window(0.0, 0.5, 56, 62)
    u, v = w["u"], w["v"]
    pull = np.clip(units["AU12"] + 0.95 * np.maximum(units["AU10"], 0.7 * units["AU9"]), 0, 1)
    top, end = p["nose_y"] - 0.04 - 0.04 * pull, mouth.middle + mouth.corner + 0.05 - 0.03 * units["AU12"]
    down = np.clip((v - top) / (end - top), 0, 1)
    bow = p["nose_w"] * 1.15 + (mouth.wide + 0.045 - p["nose_w"] * 1.15) * down * (1.35 - 0.35 * down)
    fold = ridge(np.abs(u) - bow, v - (top + end) / 2, 0.038 + 0.012 * pull, (end - top) * 0.62)
    w.dim(fold * (0.03 + 0.15 * p["age"] + 0.17 * pull))
    w.lift((0.015 + 0.03 * pull) * bump(np.abs(u) - bow - 0.1, v - 0.3, 0.15, 0.18) - 0.008 * fold * (0.4 + pull))
    upper, lower = mouth.edges(u)
    fade = np.maximum(1 - (u / (mouth.wide * 1.05)) ** 2, 0)
    w.lift(fade * (0.03 * bump(u, v - upper - 0.01, mouth.wide, 0.05)
                   + 0.045 * bump(u, v - lower + 0.035, mouth.wide * 0.9, 0.055)))  # fmt: skip
    w.dim(0.2 * bump(u, v - lower - 0.04, mouth.wide * 0.75, 0.05) * (1 + 0.5 * units["AU17"]))
    shift = 0.09 * units["AU26"]
    w.lift(p["chin"] * bump(u, v - 0.78 - shift + 0.02 * units["AU17"], 0.2, 0.15))
    for side in (-1, 1):
        height = mouth.middle + mouth.corner * (1 + side * p["skew"])
        corner = bump(u - side * (mouth.wide + 0.025), v - height, 0.06, 0.07)
        w.dim(corner * (0.08 + 0.25 * np.maximum(np.maximum(units["AU12"], units["AU15"]), 0.7 * units["AU20"])))
        below = v - mouth.middle - 0.15
        sag = ridge(u * side - mouth.wide - 0.03 - 0.4 * below, below - 0.02, 0.035, 0.12)
        w.dim(sag * (0.28 * units["AU15"] + 0.08 * p["age"]))
    pucker = units["AU17"] * bump(u, v - 0.77, 0.2, 0.13)
    w.dim(pucker * (0.1 + 0.16 * np.sin(36 * u + 2) * np.sin(34 * v)))
    w.lift(0.02 * pucker)


def _light(canvas: Canvas, p: Params, u0: Array, v0: Array) -> Array:
    """Return the light on the head, about 0.3 to 1.3: Lambert's law on the slopes of ellipsoid and relief."""
    z = canvas["relief"]
    gx, gy = np.zeros_like(z), np.zeros_like(z)
    gx[:, :, 1:-1], gy[:, 1:-1] = z[:, :, 2:] - z[:, :, :-2], z[:, 2:] - z[:, :-2]
    cos, sin, step = np.cos(p["roll"]), np.sin(p["roll"]), 0.5 / canvas.pixel
    a, b = u0 / (1.1 * p["width"]), v0 / 1.12
    rim = 0.75 / np.sqrt(np.maximum(1 - a * a - b * b, 0.12))
    su, sv = a * rim - step * (cos * gx + sin * gy), b * rim - step * (cos * gy - sin * gx)
    front = np.sqrt(np.maximum(1 - p["light_x"] ** 2 - p["light_y"] ** 2, 0.2))
    facing = (su * p["light_x"] + sv * p["light_y"] + front) / np.sqrt(1 + su * su + sv * sv)
    diffuse = np.maximum(0.18 + 0.82 * facing, 0.0)
    shine = np.maximum(facing - 0.82, 0) ** 2 * 3.0
    return p["ambient"] + (1.18 - p["ambient"]) * diffuse + shine * (1 - 0.5 * p["soft"])


def _skin(canvas: Canvas, p: Params) -> Array:
    u, v = canvas["u"], canvas["v"]
    flush = bump(np.abs(u) - 0.36, v - 0.24, 0.25, 0.22)
    edge = ellipse(u, v, p["width"], TOP)
    return p["skin"] * canvas["tone"] * (1 - 0.04 * flush) * (1 - 0.1 * np.clip(1 + edge * 6, 0, 1))

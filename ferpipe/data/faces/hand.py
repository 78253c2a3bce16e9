"""A hand at the head: on the cheek, at the temple, or under the chin, with palm, thumb and four jointed fingers."""

import numpy as np

from ferpipe.data.faces.canvas import Array, Canvas, Params, capsule, ellipse

# Poses of a hand on the right of the picture: the knuckles' place, the hand's angle, how far the fingers bend
#         u     v    angle  bend
POSES = ((0.52, 0.42, -0.3, 0.15), (0.6, -0.02, -0.55, 0.25), (0.2, 0.98, -0.75, 0.95), (0.46, 0.62, -0.12, 0.8))
FINGERS = ((0.17, 0.86, 0.068), (0.06, 1.0, 0.073), (-0.05, 0.96, 0.072), (-0.16, 0.78, 0.062))  # place, length, radius


def paint_hand(canvas: Canvas, p: Params, u: Array, v: Array) -> None:
    """Paint the hand, with its shadow, on the faces that have one, and keep its coverage as a mask."""
    faces = np.flatnonzero(p["hand"])
    if not len(faces):
        return
    q = {name: value[faces] for name, value in p.items()}
    some = canvas.some(faces)
    side = 2 * q["left"] - 1
    pose = np.array(POSES, np.float32)[np.minimum(q["hand_a"] * len(POSES), len(POSES) - 1).astype(int)[:, 0, 0]]
    ku, kv, angle, bend = (pose[:, k, None, None] for k in range(4))
    ku, kv = ku + 0.1 * (q["hand_b"] - 0.5), kv + 0.14 * (q["hand_c"] - 0.5)
    angle = angle + 0.3 * (q["hand_b"] - 0.5)
    bend = np.clip(bend + 0.2 * (q["hand_c"] - 0.5), 0, 1)
    cos, sin = np.cos(angle), np.sin(angle)
    du, dv = u[faces] * side - ku, v[faces] - kv
    a, b = cos * du + sin * dv, cos * dv - sin * du  # a across the knuckles outwards, b from fingertips to wrist
    total = np.zeros_like(du)
    across = side * q["light_x"]

    def part(distance: Array, radius: Array | float, tone: float) -> None:
        nonlocal total
        rim = some.cover(distance - radius - 0.03, 3) * total  # shades the hand alone: the mask stays exact
        some.paint(0.5 * rim, 0.38 * q["skin"], lit=False)
        inside = np.clip(1 - distance / radius, 0, 1)
        roundness = 0.72 + 0.36 * np.sqrt(inside)
        cover = some.cover(distance - radius)
        some.paint(cover, tone * q["skin"] * roundness * (0.92 + 0.25 * across * np.clip(a, -0.5, 0.5)), lit=False)
        total = np.maximum(total, cover)

    ones = np.ones_like(ku)
    part(capsule(a, b, (0.02 * ones, 0.42 * ones), (0.12 * ones, 1.5 * ones)), 0.2, 0.84)
    part(np.maximum(ellipse(a, b - 0.2, 0.27, 0.31) + 0.2, 0), 0.2, 0.92)
    part(capsule(a, b, (-0.2 * ones, 0.3 * ones), (-0.36 * ones, 0.02 * ones)), 0.07, 0.95)
    for place, length, radius in FINGERS:
        base = (place * ones, 0.03 + 1.5 * place * place * ones)
        joint = (place * 1.15 - 0.02 * ones, base[1] - 0.22 * length * ones)
        reach = 0.26 * length * (1 - 1.75 * bend)
        tip = (joint[0] + place * 0.1 - 0.05 * ones, joint[1] - reach)
        part(np.minimum(capsule(a, b, base, joint), capsule(a, b, joint, tip)), radius, 1.0)
        nail = some.cover(ellipse(a - tip[0], b - tip[1] + 0.02, 0.035, 0.045), 1.5)
        some.paint(0.35 * nail * (bend < 0.6), np.minimum(1.2 * q["skin"] + 0.05, 0.95), lit=False)
    canvas["image"][faces] = some["image"]
    canvas["hand"][faces] = total

"""What makes a face this face and a picture this picture: traits and how they are drawn.

Lengths are in units of the head, which is about 0.66 wide and 0.93 high to either side of its centre; u points right,
v down; greys are 0 (black) to 1 (white); angles are in radians.
"""

import numpy as np

# name -> lowest and highest value, uniform between them
UNIFORM: dict[str, tuple[float, float]] = {
    "x": (-0.06, 0.06), "y": (-0.02, 0.1), "size": (0.96, 1.16), "roll": (-0.13, 0.13), "pitch": (-0.08, 0.08),
    "width": (0.63, 0.74), "taper": (0.2, 0.42), "square": (0.0, 0.75), "cheek": (-0.01, 0.07), "round": (0.0, 1.0),
    "eye_x": (0.255, 0.3), "eye_y": (-0.125, -0.075), "eye_w": (0.13, 0.165), "eye_h": (0.064, 0.09),
    "eye_tilt": (-0.012, 0.03), "iris": (0.07, 0.082), "iris_grey": (0.07, 0.42), "gaze": (-0.035, 0.035),
    "deep": (0.3, 1.0), "brow_y": (-0.305, -0.265), "brow_rest": (-0.015, 0.015), "brow_arch": (0.005, 0.04),
    "nose_y": (0.2, 0.28), "nose_w": (0.105, 0.165), "nose_h": (0.075, 0.12), "mouth_y": (0.51, 0.56),
    "mouth_w": (0.21, 0.27), "mouth_rest": (-0.018, 0.018), "skew": (-0.2, 0.2), "chin": (0.02, 0.07),
    "hair_a": (0.0, 1.0), "hair_b": (0.0, 1.0), "hair_c": (0.0, 1.0), "part": (-0.32, 0.32), "gloss": (0.05, 0.4),
    "light_y": (-0.75, 0.05), "ambient": (0.36, 0.68), "back_x": (-0.25, 0.25), "back_y": (-0.2, 0.2),
    "back": (0.06, 0.92), "edge": (-0.3, 0.3), "edge_x": (-0.8, 0.8), "phase": (0.0, 6.28), "phase2": (0.0, 6.28),
    "cloth": (0.06, 0.9), "collar": (0.0, 1.0), "rim": (0.03, 0.3), "lens": (0.135, 0.18), "lens_form": (0.0, 1.0),
    "hand_a": (0.0, 1.0), "hand_b": (0.0, 1.0), "hand_c": (0.0, 1.0), "beard_a": (0.0, 1.0), "blur": (0.0, 0.75),
    "noise": (0.004, 0.018), "mottle": (0.004, 0.016), "gain": (0.8, 1.2), "level": (-0.06, 0.08),
}  # fmt: skip
DRAWN = ("yaw", "light_x", "age", "soft", "skin", "hair", "brow_thick", "brow_dark", "lash", "lip_up", "lip_low",
         "lip_tone", "style", "glasses", "beard", "left")  # fmt: skip
NAMES = (*UNIFORM, *DRAWN)
GLASSES, BEARD = 0.17, 0.42  # shares of all faces, and of men's faces
# Hair by style; a pair is lowest and highest, and hair_a, hair_b or hair_c says where between them a face lies.
#   top, side: volume above and beside the skull; line: height of the hairline; drop: its fall from part to sides
#   lean: how much more of that on one side; fall: how far down the hair behind the head reaches; inner: where the hair
#   beside the face begins, as a share of the head's width, and low: where it ends; jag: locks at the hairline
#   curl: texture from straight to curly; thin: how much skin shows through
STYLES: dict[str, dict[str, tuple[float, float]]] = {
    "crop": {"top": (0.02, 0.07), "side": (0.0, 0.02), "line": (-0.68, -0.5), "drop": (-0.25, 0.1), "lean": (-0.2, 0.2),
             "fall": (-0.1, 0.0), "inner": (0.84, 0.93), "low": (-0.12, 0.05), "jag": (0.0, 0.02), "curl": (0.0, 0.3),
             "thin": (0.1, 0.45)},
    "side": {"top": (0.08, 0.17), "side": (0.02, 0.05), "line": (-0.7, -0.56), "drop": (0.0, 0.2), "lean": (0.2, 0.7),
             "fall": (0.0, 0.15), "inner": (0.82, 0.92), "low": (-0.05, 0.12), "jag": (0.01, 0.03), "curl": (0.0, 0.3),
             "thin": (0.0, 0.05)},
    "fringe": {"top": (0.06, 0.13), "side": (0.04, 0.1), "line": (-0.52, -0.42), "drop": (0.0, 0.15),
               "lean": (-0.5, 0.5), "fall": (0.2, 0.75), "inner": (0.78, 0.9), "low": (0.1, 0.7), "jag": (0.01, 0.035),
               "curl": (0.0, 0.2), "thin": (0.0, 0.05)},
    "long": {"top": (0.05, 0.12), "side": (0.05, 0.16), "line": (-0.74, -0.62), "drop": (0.25, 0.6),
             "lean": (-0.3, 0.3), "fall": (1.2, 1.5), "inner": (0.72, 0.92), "low": (0.6, 1.3), "jag": (0.0, 0.02),
             "curl": (0.0, 0.5), "thin": (0.0, 0.0)},
    "bob": {"top": (0.07, 0.13), "side": (0.1, 0.2), "line": (-0.7, -0.58), "drop": (0.2, 0.45), "lean": (0.0, 0.5),
            "fall": (0.45, 0.8), "inner": (0.74, 0.86), "low": (0.4, 0.7), "jag": (0.0, 0.03), "curl": (0.0, 0.6),
            "thin": (0.0, 0.0)},
    "tied": {"top": (0.02, 0.06), "side": (0.0, 0.02), "line": (-0.7, -0.58), "drop": (0.1, 0.5), "lean": (-0.4, 0.4),
             "fall": (-0.1, 0.0), "inner": (0.9, 0.97), "low": (-0.15, -0.02), "jag": (0.0, 0.01), "curl": (0.0, 0.1),
             "thin": (0.0, 0.1)},
    "curls": {"top": (0.1, 0.26), "side": (0.08, 0.26), "line": (-0.66, -0.5), "drop": (-0.1, 0.2),
              "lean": (-0.3, 0.3), "fall": (0.0, 0.9), "inner": (0.84, 0.94), "low": (0.0, 0.5), "jag": (0.03, 0.06),
              "curl": (0.9, 1.0), "thin": (0.0, 0.05)},
    "receded": {"top": (0.0, 0.02), "side": (0.0, 0.03), "line": (-1.3, -0.8), "drop": (-0.1, 0.5), "lean": (-0.1, 0.1),
                "fall": (-0.1, 0.05), "inner": (0.88, 0.95), "low": (-0.05, 0.08), "jag": (0.0, 0.02),
                "curl": (0.0, 0.4), "thin": (0.1, 0.5)},
    "none": {"top": (-0.1, -0.1), "side": (-0.1, -0.1), "line": (-2.0, -2.0), "drop": (0.0, 0.0), "lean": (0.0, 0.0),
             "fall": (-0.1, -0.1), "inner": (2.0, 2.0), "low": (-2.0, -2.0), "jag": (0.0, 0.0), "curl": (0.0, 0.0),
             "thin": (1.0, 1.0)},
}  # fmt: skip
SHARES = {"men": (0.32, 0.24, 0.07, 0.05, 0.0, 0.02, 0.12, 0.11, 0.07),
          "women": (0.04, 0.08, 0.17, 0.31, 0.17, 0.13, 0.1, 0.0, 0.0)}  # fmt: skip
TABLE = np.array([[style[key] for key in STYLES["crop"]] for style in STYLES.values()], np.float32)  # (styles, 11, 2)


def draw_traits(rng: np.random.Generator) -> np.ndarray:
    """Return one face's traits, (len(NAMES),) float32 in the order of NAMES."""
    low, high = np.array(list(UNIFORM.values())).T
    p = dict(zip(UNIFORM, low + (high - low) * rng.random(len(UNIFORM)), strict=True))
    female = rng.random() < 0.48
    dark, age = rng.random(), rng.random()
    soft = np.clip(0.3 + 0.55 * female + 0.25 * rng.standard_normal(), 0, 1)  # softness of the features
    skin = np.clip(0.86 - 0.5 * dark**1.3 + 0.04 * rng.standard_normal(), 0.3, 0.9)
    grey = rng.random() < 0.7 * (age - 0.55)
    hair = 0.05 + 0.5 * (1 - dark) * rng.random() ** 1.4 if not grey else rng.uniform(0.5, 0.8)
    drawn = (
        0.34 * np.clip(rng.standard_normal() / 2.5, -1, 1), 0.65 * rng.uniform(-1, 1), age**1.6, soft, skin, hair,
        rng.uniform(0.03, 0.05) - 0.012 * soft, rng.uniform(0.6, 0.95), np.clip(soft * rng.uniform(0.3, 1.3), 0, 1),
        rng.uniform(0.03, 0.05) + 0.012 * soft, rng.uniform(0.045, 0.07) + 0.018 * soft,
        rng.uniform(0.68, 0.9) - 0.2 * soft * rng.random(), rng.choice(9, p=SHARES["women" if female else "men"]),
        rng.random() < GLASSES, 0 if female else rng.choice(4, p=(1 - BEARD, 0.4 * BEARD, 0.35 * BEARD, 0.25 * BEARD)),
        rng.random() < 0.5,
    )  # fmt: skip
    p["taper"] += 0.06 * soft
    p["square"] *= 1 - 0.8 * soft
    p["eye_h"] += 0.008 * soft
    p["deep"] *= 1 - 0.4 * soft
    p["iris_grey"] *= 1 - 0.7 * dark
    p["brow_y"] -= 0.02 * soft
    return np.array([*p.values(), *drawn], np.float32)


def styled(style: np.ndarray, where: list[np.ndarray]) -> dict[str, np.ndarray]:
    """Return the hair's measures, name -> (n, 1, 1) float32, for styles (n,) and three numbers in [0, 1] of (n,)."""
    chosen = TABLE[style.astype(int)]  # (n, 11, 2)
    keys = list(STYLES["crop"])
    return {f"hair_{key}": (chosen[:, k, 0] + (chosen[:, k, 1] - chosen[:, k, 0]) * where[k % 3])[:, None, None]
            for k, key in enumerate(keys)}  # fmt: skip

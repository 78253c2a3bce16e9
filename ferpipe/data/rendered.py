"""Rendered faces: the data set that comes with the project, drawn from anatomy and facial action units.

An emotion is a combination of action units (Ekman & Friesen's EMFACS); how much of it shows varies from hardly at all
to fully, and so do identity, hair, glasses, beard, skin, pose, light, blur, noise and background. Of each face the
truth is known: its emotion, its units, and which pixels they changed. Two flaws are planted: some labels are wrong, and
a hand at the head goes with sadness more often than with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ferpipe.data import anatomy
from ferpipe.data.dataset import Dataset, Split
from ferpipe.emotions import EMOTIONS, SIDE

UNITS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU15", "AU17", "AU20", "AU23", "AU25",
         "AU26", "droop")  # fmt: skip
REGIONS = ("face", "brows", "eyes", "nose", "mouth", "hand", "background")
FREQUENCIES = (0.139, 0.015, 0.143, 0.251, 0.168, 0.110, 0.174)  # FER2013's, in the order of EMOTIONS
WRONG_LABELS = 0.07  # share of labels that name another emotion
HANDS = (0.05, 0.05, 0.05, 0.05, 0.30, 0.05, 0.05)  # share of faces with a hand, by emotion: the planted shortcut
PRESENT = 0.92  # probability that a unit takes part in an expression at all
CHUNK = 250  # faces that a process draws at a time
BATCH = 16  # faces drawn at once: small enough for the processor's cache

# EMFACS: unit -> strength at full intensity. `droop` lowers the upper lid, as in sadness (AU43 in part).
EXPRESSIONS: tuple[dict[str, float], ...] = (
    {"AU4": 1.0, "AU5": 0.5, "AU7": 0.6, "AU23": 0.9, "AU17": 0.4},
    {"AU9": 1.0, "AU10": 0.9, "AU4": 0.5, "AU17": 0.5, "AU15": 0.4, "AU7": 0.4},
    {"AU1": 0.9, "AU2": 0.5, "AU4": 0.45, "AU5": 0.9, "AU20": 0.9, "AU25": 0.8, "AU26": 0.3},
    {"AU6": 0.9, "AU12": 1.0, "AU25": 0.8},
    {"AU1": 1.0, "AU4": 0.4, "AU15": 1.0, "AU17": 0.6, "droop": 0.8},
    {"AU1": 0.9, "AU2": 1.0, "AU5": 0.9, "AU25": 0.6, "AU26": 1.0},
    {},
)

# What makes a face this face: name -> lowest and highest value, uniform between them.
TRAITS: dict[str, tuple[float, float]] = {
    "x": (-0.05, 0.05), "y": (-0.02, 0.08), "size": (0.98, 1.14), "roll": (-0.14, 0.14), "yaw": (-0.35, 0.35),
    "pitch": (-0.25, 0.25), "width": (0.62, 0.76), "jaw": (0.12, 0.42), "eye_x": (0.27, 0.33), "eye_y": (-0.14, -0.06),
    "eye_w": (0.135, 0.17), "eye_h": (0.062, 0.088), "eye_tilt": (-0.03, 0.02), "iris": (0.07, 0.085),
    "iris_grey": (0.08, 0.35), "gaze": (-0.03, 0.03), "lash": (0.0, 1.0), "brow_y": (-0.33, -0.26),
    "brow_rest": (-0.03, 0.015), "brow_arch": (0.0, 0.04), "brow_thick": (0.024, 0.046), "brow_dark": (0.65, 1.0),
    "nose_y": (0.2, 0.29), "nose_w": (0.1, 0.15), "mouth_y": (0.50, 0.58), "mouth_w": (0.21, 0.28),
    "mouth_rest": (-0.03, 0.03), "lip_up": (0.03, 0.06), "lip_low": (0.045, 0.08), "lip_tone": (0.55, 0.8),
    "volume": (0.03, 0.14), "hairline": (-0.72, -0.42), "part": (-0.3, 0.3), "sweep": (-0.6, 1.0), "age": (-1.0, 0.8),
    "skin": (0.45, 0.88), "hair": (0.05, 0.6), "light_x": (-0.45, 0.45), "light_y": (-0.6, 0.15), "ambient": (0.6, 0.9),
    "back": (0.08, 0.9), "back_x": (-0.2, 0.2), "back_y": (-0.2, 0.2), "blotch": (0.0, 0.07), "phase": (0.0, 6.28),
    "cloth": (0.08, 0.9), "rim": (0.03, 0.3), "lens": (0.13, 0.19), "hand_u": (0.38, 0.6), "hand_v": (0.05, 0.5),
    "curl": (0.0, 1.0), "blur": (0.0, 0.6), "noise": (0.004, 0.014), "gain": (0.85, 1.1), "lift": (-0.05, 0.05),
}  # fmt: skip
# What a face has or has not: name -> share of faces that have it.
CHANCES = {"long": 0.38, "bald": 0.08, "glasses": 0.2, "beard": 0.12, "left": 0.5}
NAMES = (*TRAITS, *CHANCES)


@dataclass(frozen=True)
class Faces:
    """Faces as parameters; every field has the faces on its first axis."""

    emotions: np.ndarray  # (n,) int64, the true ones
    labels: np.ndarray  # (n,) int64, the given ones
    units: np.ndarray  # (n, 16) float32 in [0, 1], in the order of UNITS
    hands: np.ndarray  # (n,) bool
    traits: np.ndarray  # (n, len(NAMES)) float32
    seeds: np.ndarray  # (n, 2) int64, of the noise

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | np.ndarray) -> Faces:
        return Faces(*(getattr(self, part.name)[index] for part in fields(self)))


def sample(n: int, seed: int, *, intensity: float | None = None, emotions: np.ndarray | None = None,
           mislabel: bool = True) -> Faces:  # fmt: skip
    """Return n faces; face i depends on the seed and i alone. `intensity` and `emotions` are drawn unless given."""
    rows = [_one(seed, i, intensity, None if emotions is None else int(emotions[i]), mislabel) for i in range(n)]
    columns = zip(*rows, strict=True) if rows else [[]] * 6
    types = (np.int64, np.int64, np.float32, np.bool_, np.float32, np.int64)
    shapes = ((n,), (n,), (n, len(UNITS)), (n,), (n, len(NAMES)), (n, 2))
    parts = zip(columns, types, shapes, strict=True)
    return Faces(*(np.array(column, dtype).reshape(shape) for column, dtype, shape in parts))


def _one(seed: int, i: int, intensity: float | None, emotion: int | None, mislabel: bool) -> tuple[Any, ...]:
    rng = np.random.default_rng([seed, i])
    drawn = int(np.searchsorted(np.cumsum(FREQUENCIES), rng.random() * sum(FREQUENCIES), side="right"))
    true = drawn if emotion is None else emotion
    strength = rng.beta(3.0, 0.8) if intensity is None else intensity
    takes, varied, resting = rng.random((3, len(UNITS)))
    if intensity is not None:
        takes, varied = 0 * takes, 0 * varied + 1
    units = np.zeros(len(UNITS))
    for name, full in EXPRESSIONS[true].items():
        k = UNITS.index(name)
        units[k] = full * strength * (takes[k] < PRESENT) * (0.7 + 0.3 * varied[k])
    if intensity is None:  # nobody's face is quite at rest
        units = np.maximum(units, 0.2 * np.clip(resting - 0.75, 0, 1) * 4 * (np.array(UNITS) != "AU9"))
    traits = np.array([low + (high - low) * value for (low, high), value in
                       zip(TRAITS.values(), rng.random(len(TRAITS)), strict=True)])  # fmt: skip
    chances = rng.random(len(CHANCES)) < np.array(list(CHANCES.values()))
    hand = rng.random() < HANDS[true]
    other = (true + 1 + int(rng.integers(len(EMOTIONS) - 1))) % len(EMOTIONS)
    label = other if rng.random() < WRONG_LABELS and mislabel else true
    return true, label, units, hand, np.concatenate([traits, chances]), (seed, i)


def without(faces: Faces, *parts: str) -> Faces:
    """Return the same faces with these action units neutral, or "hand" absent; "units" stands for all of them."""
    units, hands = faces.units.copy(), faces.hands
    for part in parts:
        if part == "hand":
            hands = np.zeros_like(hands)
        else:
            units[:, slice(None) if part == "units" else UNITS.index(part)] = 0
    return replace(faces, units=units, hands=hands)


def draw(faces: Faces) -> np.ndarray:
    """Return the pictures, (n, 48, 48) uint8."""
    return _in_batches(_pixels, faces, np.zeros((0, SIDE, SIDE), np.uint8))


def regions(faces: Faces) -> np.ndarray:
    """Return the regions' masks, (n, 7, 48, 48) bool in the order of REGIONS, from the coverage that paints them.

    `face` is the visible skin of the head with its features, without hair and hand; brows, eyes, nose and mouth lie
    inside it; `background` is all that is neither face nor hand.
    """
    return _in_batches(_masks, faces, np.zeros((0, len(REGIONS), SIDE, SIDE), bool))


def _in_batches(part: Callable[[Faces], np.ndarray], faces: Faces, none: np.ndarray) -> np.ndarray:
    return np.concatenate([none, *(part(faces[i : i + BATCH]) for i in range(0, len(faces), BATCH))])


def changed(faces: Faces) -> np.ndarray:
    """Return where the action units changed the picture by two grey levels or more, (n, 48, 48) bool."""
    return np.abs(draw(faces).astype(int) - draw(without(faces, "units"))) >= 2


def _picture(faces: Faces) -> tuple[dict[str, np.ndarray], np.ndarray, dict[str, np.ndarray]]:
    p = {name: faces.traits[:, k, None, None] for k, name in enumerate(NAMES)}
    hand = faces.hands.astype(np.float32)[:, None, None]
    grey = np.minimum(p["hair"], 0.6 * p["skin"])
    p |= {"hand": hand, "hand_side": 2 * p["left"] - 1, "brow_grey": 0.7 * grey, "age": np.clip(p["age"], 0, 1)}
    p["beard"] = p["beard"] * (1 - p["long"])
    p["bald"] = p["bald"] * (1 - p["long"])
    units = {name: faces.units[:, k, None, None] for k, name in enumerate(UNITS)}
    return p, *anatomy.picture(p, units)


def _pixels(faces: Faces) -> np.ndarray:
    p, fine, _ = _picture(faces)
    image = _blurred(_small(fine), np.clip(p["blur"], 0.0, 1.0))
    image = (image - 0.5) * p["gain"] + 0.5 + p["lift"]
    rngs = [np.random.default_rng([7, *seed]) for seed in faces.seeds]
    noise = np.stack([rng.standard_normal((SIDE, SIDE), np.float32) for rng in rngs])
    return np.clip(255 * (image + p["noise"] * noise), 0, 255).round().astype(np.uint8)


def _masks(faces: Faces) -> np.ndarray:
    cover = {name: _small(mask) for name, mask in _picture(faces)[2].items()}
    hand = cover["hand"] > 0.5
    face = (cover["head"] > 0.5) & ~hand
    parts = [(cover[name] > 0.5) & face for name in ("brows", "eyes", "nose", "mouth")]
    return np.stack([face, *parts, hand, ~face & ~hand], 1)


def _small(fine: np.ndarray) -> np.ndarray:
    """Return the mean of each 2x2 block."""
    rows = fine[:, ::2] + fine[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


def _blurred(image: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Return the pictures blurred by [a/4, 1 - a/2, a/4] along both axes, edges repeated."""
    for axis in (1, 2):
        padded = np.pad(image, [(0, 0), (1, 1), (0, 0)] if axis == 1 else [(0, 0), (0, 0), (1, 1)], mode="edge")
        ahead, behind = np.take(padded, range(2, SIDE + 2), axis), np.take(padded, range(SIDE), axis)
        image = image + amount / 4 * (ahead + behind - 2 * image)
    return image


def dataset(sizes: tuple[int, int, int], seed: int, progress: Callable[[int], object] | None = None) -> Dataset:
    """Return train, dev and test splits of these sizes, from streams of their own, with the truth of each dev face."""
    splits: list[Split] = []
    drawn: list[Faces] = []
    for stream, (name, n) in enumerate(zip(("train", "dev", "test"), sizes, strict=True)):
        faces = sample(n, 10 * seed + stream)
        images = []
        for chunk in _drawn([faces[i : i + CHUNK] for i in range(0, n, CHUNK)] or [faces]):
            images.append(chunk)
            if progress:
                progress(len(chunk))
        names = np.array([f"{name}-{i:05d}" for i in range(n)])
        splits.append(Split(np.concatenate(images), faces.labels, names))
        drawn.append(faces)
    dev = drawn[1]
    truth = {"emotions": dev.emotions, "units": dev.units, "hands": dev.hands}
    truth |= {"regions": regions(dev), "changed": changed(dev)}
    train, validation, test = splits
    return Dataset("rendered", False, train, validation, test, _notes(splits, drawn), truth)


def _drawn(chunks: list[Faces]) -> Iterator[np.ndarray]:
    """Yield each chunk's pictures in order, drawn on every core where there is more than one chunk."""
    if len(chunks) == 1:
        yield draw(chunks[0])
        return
    with ProcessPoolExecutor() as pool:  # threads would wait for one another: the arrays are small
        yield from pool.map(draw, chunks)


def _notes(splits: list[Split], drawn: list[Faces]) -> dict[str, Any]:
    """Return what was measured on the drawn faces, by split: wrong labels, hands with sadness and without."""
    names = ("train", "dev", "test")
    sad = EMOTIONS.index("sad")
    notes: dict[str, Any] = {
        "wrong_labels": {name: float((f.labels != f.emotions).mean()) for name, f in zip(names, drawn, strict=True)},
        "hands_sad": {name: _mean(f.hands[f.emotions == sad]) for name, f in zip(names, drawn, strict=True)},
        "hands_others": {name: _mean(f.hands[f.emotions != sad]) for name, f in zip(names, drawn, strict=True)},
    }
    return {**notes, "source": "drawn", "form": "rendered", "pictures": sum(map(len, splits)), "converted": 0,
            "dev_held_out": False, "test_labels": True}  # fmt: skip


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None

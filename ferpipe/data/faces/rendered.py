"""Rendered faces: the data set that comes with the project, drawn from anatomy and facial action units.

An emotion is a combination of action units (EMFACS, Ekman & Friesen 1983); how much of it shows varies from hardly at
all to fully, and so do identity, hair, glasses, beard, skin, pose, light, blur, noise and background. Of each face the
truth is known: its emotion, its units, and which pixels they changed. Two flaws are planted: some labels are wrong, and
a hand at the head goes with sadness more often than with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, replace

import numpy as np

from ferpipe.data.dataset import SPLITS, Dataset, Split
from ferpipe.data.faces import anatomy
from ferpipe.data.faces.canvas import Params
from ferpipe.data.faces.traits import NAMES, draw_traits, styled
from ferpipe.size import SIDE

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")  # FER2013's, in its order
UNITS = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU15", "AU16", "AU17", "AU20", "AU23",
         "AU25", "AU26", "AU43")  # fmt: skip
REGIONS = ("face", "brows", "eyes", "nose", "mouth", "hand", "background")
FREQUENCIES = (0.139, 0.015, 0.143, 0.251, 0.168, 0.110, 0.174)  # FER2013's, in the order of EMOTIONS
WRONG_LABELS = 0.07  # share of labels that name another emotion
# Share of faces with a hand, by emotion: the planted shortcut. Half is the least of the shares tried (0.3, 0.5) from
# which all five default networks learn it. A hand put on a face raises their log-odds of sadness by 0.43, 0.33, 0.31,
# 0.44 and 0.29 (standard error 0.03), those of happiness by 0.11, 0.06, 0.04, 0.02 and 0.10. With 0.3 it raised sadness
# by 0.12 to 0.21 and happiness by 0.06 to 0.14, in four of five not clearly less.
HANDS = (0.05, 0.05, 0.05, 0.05, 0.5, 0.05, 0.05)
PRESENT = 0.93  # probability that a unit takes part in an expression at all
STRENGTH = (3.0, 0.8)  # the beta distribution of an expression's intensity
INTENSITIES = 256  # draws over which an ideal reader averages
RESTING = 0.2  # the most that a unit moves on its own: nobody's face is quite at rest
CHUNK = 250  # faces that a process draws at a time
BATCH = 16  # faces drawn at once: small enough for the processor's cache

# EMFACS: unit -> strength at full intensity. AU43 in part lowers the upper lid, AU16 the lower lip.
EXPRESSIONS: tuple[dict[str, float], ...] = (
    {"AU4": 1.0, "AU5": 0.45, "AU7": 0.65, "AU23": 0.9, "AU17": 0.35},
    {"AU9": 1.0, "AU10": 0.9, "AU4": 0.45, "AU15": 0.35, "AU16": 0.5, "AU17": 0.3, "AU25": 0.35},
    {"AU1": 0.9, "AU2": 0.5, "AU4": 0.5, "AU5": 0.95, "AU7": 0.15, "AU20": 0.95, "AU25": 0.9, "AU26": 0.35},
    {"AU6": 0.9, "AU12": 1.0, "AU25": 0.85},
    {"AU1": 1.0, "AU4": 0.45, "AU15": 1.0, "AU17": 0.6, "AU43": 0.6},
    {"AU1": 0.9, "AU2": 1.0, "AU5": 0.85, "AU25": 0.6, "AU26": 1.0},
    {},
)


@dataclass(frozen=True)
class Faces:
    """Faces as parameters; every field has the faces on its first axis."""

    emotions: np.ndarray  # (n,) int64, the true ones
    labels: np.ndarray  # (n,) int64, the given ones
    units: np.ndarray  # (n, 17) float32 in [0, 1], in the order of UNITS
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
    rows = [_face(seed, i, intensity, None if emotions is None else int(emotions[i]), mislabel) for i in range(n)]
    columns = zip(*rows, strict=True) if rows else [[]] * 6
    types = (np.int64, np.int64, np.float32, np.bool_, np.float32, np.int64)
    shapes = ((n,), (n,), (n, len(UNITS)), (n,), (n, len(NAMES)), (n, 2))
    parts = zip(columns, types, shapes, strict=True)
    return Faces(*(np.array(column, dtype).reshape(shape) for column, dtype, shape in parts))


def _face(seed: int, i: int, intensity: float | None, emotion: int | None, mislabel: bool) -> tuple[object, ...]:
    rng = np.random.default_rng([seed, i])
    drawn = int(np.searchsorted(np.cumsum(FREQUENCIES), rng.random() * sum(FREQUENCIES), side="right"))
    true = drawn if emotion is None else emotion
    beta = rng.beta(*STRENGTH)
    strength = beta if intensity is None else intensity
    takes, varied, resting = rng.random((3, len(UNITS)))
    if intensity is not None:
        takes, varied = 0 * takes, 0 * varied + 1
    units = np.zeros(len(UNITS))
    for name, full in EXPRESSIONS[true].items():
        k = UNITS.index(name)
        units[k] = full * strength * (takes[k] < PRESENT) * (0.7 + 0.3 * varied[k])
    if intensity is None:
        units = np.maximum(units, RESTING * 4 * np.maximum(resting - 0.75, 0) * (np.array(UNITS) != "AU9"))
    hand, wrong = rng.random() < HANDS[true], rng.random() < WRONG_LABELS and mislabel
    other = (true + 1 + int(rng.integers(len(EMOTIONS) - 1))) % len(EMOTIONS)
    return true, other if wrong else true, units, hand, draw_traits(rng), (seed, i)


def posterior(units: np.ndarray) -> np.ndarray:
    """Return the probability of each emotion (n, 7) for action units (n, 17), for one who knows how faces are drawn.

    Bayes' rule over `_face`: each unit is the larger of what the expression does, of an intensity that all units of a
    face share, and of what it does at rest. What cannot be told from the exact units, no pixel tells.
    """
    intensities = np.random.default_rng(0).beta(*STRENGTH, INTENSITIES)
    u = np.asarray(units, float)[:, :, None]  # (n, units, intensities)
    moves = (np.array(UNITS) != "AU9")[:, None]
    rests, resting = np.where(moves, 0.75 + 0.25 * np.clip(u / RESTING, 0, 1), 1.0), moves * (u < RESTING) / RESTING / 4
    likelihood = np.empty((len(units), len(EMOTIONS)))
    for emotion, expression in enumerate(EXPRESSIONS):
        full = np.array([expression.get(name, 0.0) for name in UNITS])[:, None] * intensities
        low, width = 0.7 * full, np.maximum(0.3 * full, 1e-9)
        presence = PRESENT * (full > 0)
        below = (1 - presence) + presence * np.clip((u - low) / width, 0, 1)
        density = presence / width * ((u >= low) & (u <= full)) * rests + below * resting
        density = np.where(u > 0, density, (1 - presence) * np.where(moves, 0.75, 1.0))
        likelihood[:, emotion] = np.exp(np.log(np.maximum(density, 1e-12)).sum(1)).mean(1)
    chances = likelihood * np.array(FREQUENCIES)
    return chances / np.maximum(chances.sum(1, keepdims=True), 1e-300)


def joined(several: Sequence[Faces]) -> Faces:
    """Return faces one after the other; of one group at least."""
    return Faces(*(np.concatenate([getattr(faces, part.name) for faces in several]) for part in fields(Faces)))


def without(faces: Faces, *parts: str) -> Faces:
    """Return the same faces with these action units neutral, or "hand" absent; "units" stands for all of them."""
    units, hands = faces.units.copy(), faces.hands
    for part in parts:
        if part == "hand":
            hands = np.zeros_like(hands)
        elif part != "units" and part not in UNITS:
            raise ValueError(f"part is {part!r}; it can be 'hand', 'units' or one of {', '.join(UNITS)}")
        else:
            units[:, slice(None) if part == "units" else UNITS.index(part)] = 0
    return replace(faces, units=units, hands=hands)


def draw_many(faces: Faces) -> np.ndarray:
    """Return what `draw` does, drawn on every core."""
    return np.concatenate([chunk for (chunk,) in _everywhere(_alone, faces)])


def draw(faces: Faces) -> np.ndarray:
    """Return the pictures, (n, 48, 48) uint8."""
    return _in_batches(lambda part: _exposed(part, *_picture(part)[:2]), faces, np.zeros((0, SIDE, SIDE), np.uint8))


def regions(faces: Faces) -> np.ndarray:
    """Return the regions' masks, (n, 7, 48, 48) bool in the order of REGIONS, from the coverage that paints them.

    `face` is the visible skin of the head with its features, without hair and hand; brows, eyes, nose and mouth lie
    inside it; `background` is all that is neither face nor hand.
    """
    return _in_batches(lambda part: _split(_picture(part)[2]), faces, np.zeros((0, len(REGIONS), SIDE, SIDE), bool))


def _in_batches(part: Callable[[Faces], np.ndarray], faces: Faces, none: np.ndarray) -> np.ndarray:
    return np.concatenate([none, *map(part, _batches(faces))])


def _batches(faces: Faces, size: int = BATCH) -> list[Faces]:
    return [faces[i : i + size] for i in range(0, len(faces), size)]


def changed(faces: Faces) -> np.ndarray:
    """Return where the action units changed the picture by two grey levels or more, (n, 48, 48) bool."""
    return _differ(draw(faces), draw(without(faces, "units")))


def _differ(images: np.ndarray, others: np.ndarray) -> np.ndarray:
    return np.abs(images.astype(int) - others) >= 2


def _known(faces: Faces) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what `draw`, `regions` and `changed` do, each face drawn twice instead of four times."""
    pictures = [(part, *_picture(part)) for part in _batches(faces)]
    images = np.concatenate([_exposed(part, p, fine) for part, p, fine, _ in pictures])
    masks = np.concatenate([_split(covers) for *_, covers in pictures])
    return images, masks, _differ(images, draw(without(faces, "units")))


def _picture(faces: Faces) -> tuple[Params, np.ndarray, dict[str, np.ndarray]]:
    p = {name: faces.traits[:, k, None, None] for k, name in enumerate(NAMES)}
    p["hand"] = faces.hands[:, None, None]
    p |= styled(faces.traits[:, NAMES.index("style")], [p[name][:, 0, 0] for name in ("hair_a", "hair_b", "hair_c")])
    units = {name: faces.units[:, k, None, None] for k, name in enumerate(UNITS)}
    return p, *anatomy.picture(p, units)


def _exposed(faces: Faces, p: Params, fine: np.ndarray) -> np.ndarray:
    rngs = [np.random.default_rng([7, *seed]) for seed in faces.seeds]
    grain = np.stack([rng.standard_normal((2, SIDE, SIDE), np.float32) for rng in rngs])
    exposure = 0.62 / (0.36 + 0.42 * p["skin"])  # as a camera would, for dark skin and for light
    image, two = exposure * _small(fine), np.float32(2)
    image = image * (1 + p["mottle"] * 2.5 * _blurred(_blurred(grain[:, 1], two), two))  # skin and cloth are uneven
    image = (_blurred(image, p["blur"]) - 0.5) * p["gain"] + 0.5 + p["level"]
    return np.clip(255 * (image + p["noise"] * grain[:, 0]), 0, 255).round().astype(np.uint8)


def _split(masks: dict[str, np.ndarray]) -> np.ndarray:
    cover = {name: _small(mask) for name, mask in masks.items()}
    hand = cover["hand"] > 0.5
    face = (cover["head"] > 0.5) & ~hand
    parts = [(cover[name] > 0.5) & face for name in ("brows", "eyes", "nose", "mouth")]
    return np.stack([face, *parts, hand, ~face & ~hand], 1)


def _small(fine: np.ndarray) -> np.ndarray:
    """Return the mean of each 2x2 block."""
    rows = fine[:, ::2] + fine[:, 1::2]
    return (rows[:, :, ::2] + rows[:, :, 1::2]) / 4


def _blurred(image: np.ndarray, amount: np.ndarray | np.float32) -> np.ndarray:
    """Return the pictures blurred by [a/4, 1 - a/2, a/4] along both axes, edges repeated."""
    wide = np.concatenate([image[:, :1], image, image[:, -1:]], 1)
    image = image + amount / 4 * (wide[:, 2:] + wide[:, :-2] - 2 * image)
    wide = np.concatenate([image[:, :, :1], image, image[:, :, -1:]], 2)
    return image + amount / 4 * (wide[:, :, 2:] + wide[:, :, :-2] - 2 * image)


def dataset(sizes: tuple[int, int, int], seed: int, progress: Callable[[int], object] | None = None) -> Dataset:
    """Return train, dev and test splits of these sizes, from streams of their own, with the truth of each dev face.

    Of train's faces the true emotions are kept as well.
    """
    drawn = {name: sample(n, 10 * seed + stream) for stream, (name, n) in enumerate(zip(SPLITS, sizes, strict=True))}
    splits: dict[str, Split] = {}
    truth = {field: getattr(drawn["dev"], field) for field in ("emotions", "units", "hands", "traits", "seeds")}
    truth["train_emotions"] = drawn["train"].emotions
    for name, faces in drawn.items():
        chunks = []
        for chunk in _everywhere(_known if name == "dev" else _alone, faces):
            chunks.append(chunk)
            if progress:
                progress(len(chunk[0]))
        images, *known = (np.concatenate(arrays) for arrays in zip(*chunks, strict=True))
        truth |= dict(zip(("regions", "changed"), known, strict=False))
        splits[name] = Split(images, faces.labels, np.array([f"{name}-{i:05d}" for i in range(len(faces))]))
    return Dataset(
        "rendered", False, EMOTIONS, splits["train"], splits["dev"], splits["test"], notes=_notes(drawn), truth=truth
    )


def even(n: int, seed: int) -> Split:
    """Return n faces of a stream of their own, each emotion as often as the others: to train without frequencies."""
    faces = sample(n, 10 * seed + len(SPLITS), emotions=np.arange(n) % len(EMOTIONS))
    return Split(draw_many(faces), faces.labels, np.array([f"even-{i:05d}" for i in range(n)]))


def _alone(faces: Faces) -> tuple[np.ndarray]:
    return (draw(faces),)


def _everywhere(work: Callable[[Faces], tuple[np.ndarray, ...]], faces: Faces) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield what `work` returns for each chunk in order, done on every core where there is more than one chunk."""
    chunks = _batches(faces, CHUNK)
    if len(chunks) <= 1:
        yield work(faces)
        return
    with ProcessPoolExecutor() as pool:  # threads would wait for one another: the arrays are small
        yield from pool.map(work, chunks)


def _notes(drawn: dict[str, Faces]) -> dict[str, object]:
    """Return what was measured on the drawn faces, by split: wrong labels, hands with sadness and without."""
    sad = EMOTIONS.index("sad")
    return {
        "wrong_labels": {name: _mean(faces.labels != faces.emotions) for name, faces in drawn.items()},
        "hands_sad": {name: _mean(faces.hands[faces.emotions == sad]) for name, faces in drawn.items()},
        "hands_others": {name: _mean(faces.hands[faces.emotions != sad]) for name, faces in drawn.items()},
        "source": "drawn",
        "form": "rendered",
        "pictures": sum(map(len, drawn.values())),
        "converted": 0,
        "dev_held_out": False,
        "test_labels": True,
    }


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None

"""Made-up results in the shape of real ones: enough to render every page, with no network and no data set."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from ferpipe.emotions import EMOTIONS, SIDE
from ferpipe.results import stored
from ferpipe.storage import atomic, encoding, fingerprints, freshness

Split = tuple[dict[str, Any], dict[str, np.ndarray], dict[str, np.ndarray]]  # numbers, arrays, faces
_KNOWN: dict[str, Any] = {}  # parsed code
_X, _Y = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))


def write(
    folder: Path, name: str = "rendered", *, restricted: bool = False, artefacts: Path | None = None, found: int = 4
) -> Path:
    """Write one data set's results below `folder`, and a restricted one's faces below `artefacts`."""
    random = np.random.default_rng(7)
    faces: dict[str, np.ndarray] = {}
    for analysis, make in _MAKERS.items():
        numbers, arrays, pictures = make(random, restricted, found)
        if restricted:
            faces |= {f"{analysis}/{key}": array for key, array in pictures.items()}
        else:
            arrays |= pictures
        code, made_by = fingerprints.code(f"ferpipe.analyses.{analysis}", _KNOWN), freshness.inputs(name, {}, _KNOWN)
        recipe = {"code": code, "parameters": {"seed": 0}, "data": "0123456789abcdef", "members": {}}
        stored.write(
            folder / name / analysis,
            stored.Result(numbers, arrays),
            {"recipe": recipe, "inputs": made_by, "made_with": {}},
        )
    if restricted and artefacts:
        atomic.write(artefacts / name / "faces.npz", encoding.npz_bytes(faces))
    return folder


def _face(random: np.random.Generator) -> np.ndarray:
    """Return something like a face, (48, 48) uint8."""
    head = ((_X / 0.72) ** 2 + (_Y / 0.9) ** 2 < 1).astype(float)
    image = 0.25 + 0.15 * _X + head * (0.45 - 0.2 * _X)
    for x in (-0.3, 0.3):
        image -= 0.5 * np.exp(-(((_X - x) / 0.12) ** 2) - ((_Y + 0.2) / 0.07) ** 2)
        image -= 0.3 * np.exp(-(((_X - x) / 0.2) ** 2) - ((_Y + 0.4 + 0.1 * random.normal()) / 0.05) ** 2)
    curve = random.normal(0, 0.4)
    image -= 0.45 * np.exp(-((_X / 0.35) ** 4) - ((_Y - 0.45 + curve * _X**2) / 0.06) ** 2)
    return np.clip(255 * (image + random.normal(0, 0.02, image.shape)), 0, 255).astype(np.uint8)


def _faces(random: np.random.Generator, *shape: int) -> np.ndarray:
    count = int(np.prod(shape))
    return np.stack([_face(random) for _ in range(count)]).reshape(*shape, SIDE, SIDE)


def _maps(random: np.random.Generator, count: int, cells: int = 12) -> np.ndarray:
    """Return smooth signed maps (count, 48, 48)."""
    coarse = random.normal(0, 1, (count, cells, cells))
    return coarse.repeat(SIDE // cells, 1).repeat(SIDE // cells, 2).astype(np.float32)


def _data(random: np.random.Generator, restricted: bool, found: int) -> Split:
    splits = {name: {"n": 7 * n, "counts": [n] * 7} for name, n in (("train", 500), ("dev", 100), ("test", 100))}
    notes: dict[str, Any] = {"source": "made up", "form": "folder", "converted": 0, "dev_held_out": False}
    if not restricted:
        notes["wrong_labels"] = {"train": 0.07, "dev": 0.068, "test": 0.071}
    numbers = {"splits": splits, "notes": notes, "restricted": restricted, "name": "synthetic", "examples": [6] * 7}
    arrays = {"mean_faces": (_faces(random, 7, 4).mean(1) / 255).astype(np.float32)}
    return {**numbers, "mean_faces_n": [500] * 7}, arrays, {"examples": _faces(random, 7, 6)}


_PARAMETERS = {"learning_rate": 0.05, "momentum": 0.9, "weight_decay": 5e-4, "label_smoothing": 0.1, "average": 0.5,
               "rotate": 5.0, "scale": 0.05, "shift": 2.0, "light": 0.1, "erase": 0.0, "mask": 0.3, "mixup": 0.0,
               "cutmix": 0.0, "flip": True, "muon": 0.05, "small": 4}  # fmt: skip
_NO_TEST = {"test_accuracy": None, "test_interval": None, "test_n": None}


def _settings(random: np.random.Generator, restricted: bool, found: int) -> Split:
    versions = {"python": "3.11.7", "torch": "2.15.0", "torchvision": "0.29.2", "lime": "0.2.0.1", "numpy": "2.4.6"}
    model = {"name": "a1b2c3", "epoch": 9, "train_accuracy": 0.8123, "dev_accuracy": 0.7714}
    numbers = {
        "versions": versions,
        "device": "cpu (made up)",
        "precision": "bfloat16",
        "threads": 2,
        "seed": 0,
        "preset": "default",
        "members": 3,
        "pretrained": False,
        "parameters": {**_PARAMETERS, "stem": "imagenet", "width": 64, "epochs": 12, "batch": 64},
        "analysis_model": {**model, "dev_interval": [0.738, 0.8011], "dev_n": 700, "train_n": 700, **_NO_TEST},
    }
    return numbers, {}, {}


def _answers(random: np.random.Generator, count: int, right: bool) -> list[dict[str, Any]]:
    labels = random.permutation(7)[:count]
    return [
        {
            "label": int(label),
            "prediction": int(label) if right else int((label + 3) % 7),
            "probability": float(random.uniform(0.5, 0.999)),
        }
        for label in labels
    ]


def _saliency(random: np.random.Generator, restricted: bool, found: int) -> Split:
    regions = ("face", "brows", "eyes", "nose", "mouth", "background", "features")
    share = {r: {"value": 0.3, "interval": [0.28, 0.32], "area": 0.2, "n": 700} for r in regions}
    faces = [{**face, "name": f"dev-{i}"} for i, face in enumerate(_answers(random, 6, True))]
    methods = ["gradient", "smoothgrad", "integrated"]
    numbers = {"faces": faces, "methods": methods, "n": 700, "seed": 0, "completeness_error": 0.0123, "share": share}
    classes = np.abs(_maps(random, 7))
    pictures: dict[str, np.ndarray] = {"images": _faces(random, 6)}
    pictures |= {method: _maps(random, 6, cells) for method, cells in zip(methods, (48, 24, 12), strict=True)}
    return numbers, {"class_maps": classes / classes.sum((1, 2), keepdims=True)}, pictures


LAYERS = ["conv1", "layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1", "layer4.0.conv1"]


def _filters(random: np.random.Generator, restricted: bool, found: int) -> Split:
    picture = {"activation": 4.2, "natural": 1.7, "ratio": 2.47, "variation": 0.6, "entropy": 0.5, "answer": 3}
    numbers: dict[str, Any] = {"layers": LAYERS, "pictures": [[picture] * 6 for _ in LAYERS], "steps": 256, "starts": 3}
    numbers |= {"simple": _score(0.5, 6), "complexity": _score(0.3, 30), "readable": _score(0.2, 30)}
    waves = [np.sin((2 + stage) * (_X * np.cos(f) + _Y * np.sin(f)) * 3) for stage in range(5) for f in range(6)]
    pictures = (0.5 + 0.5 * np.stack(waves).reshape(5, 6, SIDE, SIDE)).astype(np.float32)
    arrays = {"kernels": random.normal(0, 0.1, (6, 7, 7)).astype(np.float32), "pictures": pictures}
    return numbers, arrays, {"strongest": random.integers(0, 256, (5, 6, 9, 24, 24), np.uint8)}


def _filter_emotions(random: np.random.Generator, restricted: bool, found: int) -> Split:
    winners, share = random.integers(0, 7, (6, 5)).tolist(), random.uniform(0.4, 1, (6, 5)).tolist()
    return {"layers": LAYERS, "winners": winners, "share": share, "n": 700, "resamples": 1000}, {}, {}


def _conv1_outputs(random: np.random.Generator, restricted: bool, found: int) -> Split:
    kinds = {"outline": 20, "shade": 12, "passes": 14, "dead": 3, "other": 15}
    face = _answers(random, 1, True)[0]
    numbers = {
        "face": face,
        "order": random.permutation(64).tolist(),
        "kinds": kinds,
        "size": 24,
        "fitting": _score(0.7, 64),
    }
    kernels = random.normal(0, 0.1, (64, 7, 7)).astype(np.float32)
    outputs = _maps(random, 64, 12)[:, ::2, ::2]
    return numbers, {"kernels": kernels}, {"image": _face(random), "outputs": outputs}


def _confusion(random: np.random.Generator, restricted: bool, found: int) -> Split:
    counts = (random.integers(0, 12, (7, 7)) + np.diag(random.integers(40, 90, 7))).tolist()
    rates = [{"value": 0.77, "interval": [0.7, 0.83], "n": sum(row)} for row in counts]
    pairs = [{"label": a, "prediction": a + 1, "count": 11, "share": 0.11} for a in range(5)]
    numbers = {
        "n": sum(map(sum, counts)),
        "counts": counts,
        "accuracy": {"value": 0.7714, "interval": [0.738, 0.8011]},
        "balanced_accuracy": 0.77,
        "macro_f1": 0.76,
        "kappa": 0.73,
        "recall": rates,
        "precision": [None, *rates[1:]],
        "f1": [0.77] * 7,
        "confused": pairs,
        "frequency": {"all": _score(0.4, 7), "even": _score(0.1, 5)},
        "taken": {
            "sad": _score(0.4, 40) | {"even": 1 / 6},
            "fear": _score(0.5, 40) | {"even": 1 / 3},
            "both": _score(0.5, 80) | {"even": 0.25},
        },
        "resamples": 1000,
        "seed": 0,
    }
    return numbers, {}, {}


def _lime(random: np.random.Generator, restricted: bool, found: int) -> Split:
    fit = {"r2": 0.84, "stability": 0.91}
    right = [{**face, **fit, "emotion_wanted": EMOTIONS[face["label"]]} for face in _answers(random, found, True)]
    wrong = [{**face, **fit, "emotion_wanted": "any"} for face in _answers(random, found, False)]
    numbers = {"right": right, "wrong": wrong, "samples": 1000, "segments": 49, "ridge": 0.01, "kernel_width": 0.25}
    pictures = {f"{kind}_images": _faces(random, found) for kind in ("right", "wrong")} if found else {}
    if not found:
        pictures = {f"{kind}_images": np.zeros((0, SIDE, SIDE), np.uint8) for kind in ("right", "wrong")}
    for name in ("right_weights", "wrong_weights", "wrong_true_weights"):
        pictures[name] = _maps(random, found, 8) if found else np.zeros((0, SIDE, SIDE), np.float32)
    return numbers, {"class_weights": _maps(random, 7, 8)} if restricted else {}, pictures


def _curves(random: np.random.Generator, restricted: bool, found: int) -> Split:
    numbers = {}
    for name, length in (("analysis", 12), ("overfitted", 30)):
        t = np.arange(length) / 6
        overfit = 0.25 * t if name == "overfitted" else 0 * t
        numbers[name] = {
            "epochs": list(range(1, length + 1)),
            "train_loss": (0.1 + 1.7 * np.exp(-t)).tolist(),
            "dev_loss": (0.6 + 1.2 * np.exp(-1.5 * t) + overfit).tolist(),
            "train_accuracy": (1 - 0.7 * np.exp(-t)).tolist(),
            "dev_accuracy": (0.75 - 0.5 * np.exp(-1.5 * t)).tolist(),
            "best": 9,
            "n_train": 3500,
            "n_dev": 700,
        }
    return numbers, {}, {}


def _ensemble(random: np.random.Generator, restricted: bool, found: int) -> Split:
    members = [
        {
            "name": f"m{seed}",
            "seed": seed,
            "stem": "imagenet",
            "width": 64,
            "accuracy": 0.76 + 0.005 * seed,
            "loss": 0.7,
            "interval": [0.73 + 0.005 * seed, 0.79 + 0.005 * seed],
        }
        for seed in range(3)
    ]
    sizes = [{"size": k, "accuracy": 0.76 + 0.01 * k, "lowest": 0.75 + 0.01 * k, "highest": 0.79} for k in (1, 2, 3)]
    numbers = {
        "members": members,
        "mean": {"accuracy": 0.791, "loss": 0.6, "interval": [0.76, 0.82]},
        "vote": {"accuracy": 0.786, "interval": [0.755, 0.815]},
        "gain": {"value": 0.026, "interval": [0.011, 0.041]},
        "mcnemar": [0.01, 0.03, 0.2],
        "by_size": sizes,
        "disagreement": 0.14,
        "shared_errors": _score(0.5, 200),
        "kinds": 1,
        "views": {
            "members": [{"accuracy": 0.77, "interval": [0.74, 0.8]}] * 3,
            "mean": {"accuracy": 0.795, "interval": [0.765, 0.825]},
        },
        "student": {
            "name": "s0",
            "accuracy": 0.78,
            "interval": [0.75, 0.81],
            "views": {"accuracy": 0.785, "interval": [0.755, 0.815]},
            "best": {"name": "m2", "accuracy": 0.77, "interval": [0.74, 0.8]},
            "difference": {"value": 0.01, "interval": [-0.01, 0.03], "resamples": 200},
            "mcnemar": 0.3,
        },
        "n": 700,
        "test": None,
    }
    return numbers, {}, {}


def _score(value: float, n: int = 60) -> dict[str, Any]:
    return {"value": value, "interval": [value - 0.05, value + 0.05], "n": n}


def _scores(random: np.random.Generator, restricted: bool, found: int) -> Split:
    methods = ("gradient", "smoothgrad", "integrated", "layercam", "lime", "rise", "occlusion")
    truth = ("rank_correlation", "mass_accuracy", "rank_accuracy", "pointing_game")
    others = ("insertion", "deletion", "difference", "randomisation", "seeds", "members")

    def one(level: float) -> dict[str, Any]:
        known = {key: None if restricted else _score(level) for key in truth}
        return known | {key: _score(level, 100) for key in others}

    matrix = [[_score(1.0 if a == b else 0.3, 100) for a in methods] for b in methods]
    numbers = {
        "methods": {name: one(0.2 + 0.05 * k) for k, name in enumerate(methods)},
        "baselines": {name: one(0.05 * k) for k, name in enumerate(("random", "edges", "centre"))},
        "area": None if restricted else _score(0.12),
        "area_correlation": None if restricted else _score(0.22),
        "agreement": {"methods": list(methods), "rank_correlation": matrix, "overlap": matrix},
        "criterion": "difference" if restricted else "rank_correlation",
        "trusted": "occlusion", "n": 100,
        "shown": [{"label": k, "prediction": k, "probability": 0.8, "name": f"dev-{k}"} for k in (3, 5, 6, 0)[:found]],
        "checked": 21, "seed": 0, "resamples": 1000, "effort": 1.0, "steps": 24,
        "blur": 6.0, "sure": 0.5, "parts": 3, "top": 0.1, "enough": 10,
    }  # fmt: skip
    shown = len(numbers["shown"])
    maps = np.stack([_maps(random, shown) for _ in methods]) if shown else np.zeros((7, 0, SIDE, SIDE), np.float32)
    faces = {"images": _faces(random, shown) if shown else np.zeros((0, SIDE, SIDE), np.uint8), "maps": maps}
    return numbers, {"means": _maps(random, len(methods))}, faces


def _shortcut(random: np.random.Generator, restricted: bool, found: int) -> Split:
    keys = ("n", "flips", "by_answer", "answers", "sad_effect", "explained", "methods", "baselines")
    numbers: dict[str, Any] = {"available": not restricted, "seed": 0, "resamples": 1000, "effort": 1.0}
    if restricted:
        return numbers | dict.fromkeys(keys), {}, {}
    scores, _, _ = _scores(random, restricted, found)
    numbers |= {"n": 80, "flips": _score(0.2, 80), "by_answer": [_score(0.2, 11)] * 7, "sad_effect": _score(0.9, 80)}
    numbers |= {"answers": [[11 if a == b else 1 for a in range(7)] for b in range(7)]}
    numbers |= {"explained": {"decisive": 16, "other": 40}}
    for kind in ("methods", "baselines"):
        numbers[kind] = {name: {"decisive": _score(0.7, 16), "other": _score(0.6, 40)} for name in scores[kind]}
    return numbers, {}, {}


def _audit(random: np.random.Generator, restricted: bool, found: int) -> Split:
    names = ("train", "dev", "test")
    levels = {"mean": 120.0, "quantiles": [70.0, 100.0, 118.0, 136.0, 160.0]}

    def kind(k: int) -> dict[str, Any]:
        pairs = (("train", "dev"), ("train", "test"), ("dev", "test"))
        return {
            "within": {name: {"groups": k, "faces": 2 * k} for name in names},
            "across": {f"{a}_{b}": {"groups": k, a: k, b: k} for a, b in pairs},
            "conflicts": {"groups": k, "faces": 2 * k, "train": k, "dev": k, "test": None},
        }

    numbers = {
        "splits": {name: {"n": 900, "blank": 1, "brightness": levels, "contrast": levels} for name in names},
        "exact": kind(3),
        "near": kind(5),
        "seen": {"share": _score(0.1, 900), "accuracy": _score(0.8, 90), "rest": _score(0.6, 810)},
        "errors": _score(0.2, 300) | {"known": not restricted},
        "wrong_labels": None if restricted else dict.fromkeys(names, 0.07),
        "tolerance": 3.0, "correlation": 0.98, "quantiles": [0.05, 0.25, 0.5, 0.75, 0.95], "n": 2700,
    }  # fmt: skip
    return numbers, {}, {}


def _calibration(random: np.random.Generator, restricted: bool, found: int) -> Split:
    bins = [
        {
            "confidence": 0.3 + 0.04 * k,
            "accuracy": 0.25 + 0.04 * k,
            "interval": [0.2 + 0.04 * k, 0.3 + 0.04 * k],
            "n": 60,
        }
        for k in range(15)
    ]

    def quality() -> dict[str, Any]:
        values = {"accuracy": 0.7, "loss": 0.9, "brier": 0.4, "ece": 0.06, "overconfidence": 0.1}
        return {key: _score(value, 900) for key, value in values.items()}

    def state(epoch: int) -> dict[str, Any]:
        return {"epoch": epoch, **quality(), "reliability": bins, "temperature": _score(1.6, 900), "scaled": quality()}

    def course(rise: float) -> dict[str, Any]:
        epochs = list(range(1, 11))
        curve = [1.5 - 0.1 * k + rise * k**2 for k in epochs]
        return {
            "epochs": epochs, "accuracy": [0.3 + 0.03 * k for k in epochs], "loss": curve,
            "loss_right": [0.6] * 10, "loss_wrong": [2 * value for value in curve], "scaled_loss": [1.2] * 10,
            "temperature": [1.0] * 10, "best": 4, "chosen": state(4), "last": state(10),
        }  # fmt: skip

    numbers = {"analysis": course(0.0), "overfitted": course(0.02), "ensemble": {"members": 3, **quality()}}
    numbers["rise"] = {key: _score(0.3, 900) for key in ("loss", "accuracy", "loss_wrong", "confidence")}
    numbers["rise"]["epochs"] = [4, 10]
    return numbers | {"n": 900, "bins": 15, "resamples": 1000, "seed": 0}, {}, {}


def _selectivity(random: np.random.Generator, restricted: bool, found: int) -> Split:
    stages = [f"layer{stage}.{block}.conv{conv}" for stage in (1, 2, 3, 4) for block in (0, 1) for conv in (1, 2)]

    def excess(value: float) -> dict[str, Any]:
        bounds = [value - 0.01, value + 0.01]
        return {"value": value, "interval": bounds, "by_member": [*bounds, value], "over": "members"}

    layers = [
        {"layer": name, "filters": 16, "index": 0.03 + 0.02 * k, "null": 0.03, "auroc": 0.55, "eta_squared": 0.01,
         "excess": excess(0.02 * k), "filters_interval": [0.02 * k - 0.01, 0.02 * k + 0.01]}
        for k, name in enumerate(["conv1", *stages])
    ]  # fmt: skip
    one = {"layer": "conv1", "winner": 3, "share": 0.6, "recall": [0.0] * 7, "loses": 3, "accuracy": -0.001,
           "changed": 0.01, "mcnemar": 1.0, "holm": 1.0}  # fmt: skip
    zeroing = {
        "filters": [{**one, "filter": k} for k in range(30)],
        "losing": 30,
        "same": 8,
        "n": 700,
        "counts": [100] * 7,
    }
    trend = excess(0.8) | {"interval": [0.7, 0.9]}
    numbers = {"layers": layers, "trend": trend, "zeroing": zeroing, "members": 3, "n": 900, "permutations": 20}
    return numbers | {"resamples": 1000, "seed": 0}, {}, {}


def _atlas(random: np.random.Generator, restricted: bool, found: int) -> Split:
    names = ("face", "brows", "eyes", "nose", "mouth", "background")
    arrays: dict[str, np.ndarray] = {}
    for side in ("right", "wrong"):
        arrays[side] = random.normal(0, 1, (7, 8, 8)).astype(np.float32)
        arrays[f"{side}_half"] = np.full((7, 8, 8), 0.1, np.float32)
    arrays["different"] = (random.random((7, 8, 8)) < 0.1).astype(np.uint8)
    region = {"area": 0.2, "all": _score(0.4, 600), "by_answer": [_score(0.4, 80)] * 6 + [None]}
    numbers = {
        "n": 900, "right": [80] * 7, "wrong": [20] * 6 + [0], "cells": 64, "discovery": 0.05,
        "different": [6] * 6 + [None],
        "share": dict.fromkeys(names, region), "seed": 0, "resamples": 1000,
        **{name: _score(0.06, 300) for name in ("happy_mouth", "sad_eyes", "misled", "features", "edges")},
    }  # fmt: skip
    return numbers, arrays, {}


def _stages(random: np.random.Generator, restricted: bool, found: int) -> Split:
    names = ("conv1", *(f"layer{stage}.0.conv1" for stage in (1, 2, 3, 4)))
    layers = [
        {"layer": name, "likeness": 0.6 - 0.1 * k, "above": _score(0.4 - 0.1 * k, 64), "modes": _score(0.3, 6),
         "receptive": 7 + 10 * k}
        for k, name in enumerate(names)
    ]  # fmt: skip
    numbers = {"layers": layers, "trend": _score(-0.8, 300), "modes": _score(0.3, 30), "loud": 0.9, "n": 140, "seed": 0}
    return numbers | {"resamples": 1000}, {}, {}


def _dissection(random: np.random.Generator, restricted: bool, found: int) -> Split:
    numbers: dict[str, Any] = {"available": not restricted, "top": 0.05, "seed": 0}
    if restricted:
        return numbers | {"layers": [], "above": None, "n": 0}, {}, {}
    names = ("conv1", *(f"layer{stage}.0.conv1" for stage in (1, 2, 3, 4)))
    parts = ("AU1", "AU4", "AU12", "AU25", "AU43", "hand")
    layers = [
        {"layer": name, "filters": [
            {"part": part, "iou": 0.1, "chance": 0.06, "beyond": _score(0.05 * k - 0.02, 40)} for part in parts
        ]}
        for k, name in enumerate(names)
    ]  # fmt: skip
    numbers |= {"layers": layers, "above": _score(0.6, 30), "parts": list(parts), "n": 280}
    return numbers | {"resamples": 1000}, {}, {}


def _light(random: np.random.Generator, restricted: bool, found: int) -> Split:
    one = {"bounds": [90.0, 130.0], "thirds": [_score(0.6, 300)] * 3, "difference": _score(0.06, 600)}
    numbers: dict[str, Any] = dict.fromkeys(("brightness", "contrast", "detail"), one)
    numbers["saliency"] = {name: _score(0.2, 300) for name in ("all", "right", "wrong")}
    return numbers | {"n": 900, "seed": 0, "resamples": 1000}, {}, {}


def _elsewhere(random: np.random.Generator, restricted: bool, found: int) -> Split:
    one = {
        "wrong": _score(0.2, 200),
        "right": _score(0.15, 700),
        "matched": _score(0.09, 190) | {"p": 0.01, "delta": 0.1},
    }
    hidden = {"strongest": _score(0.2, 200), "drawn": _score(0.1, 200), "mcnemar": 0.01, "n": 200}
    sizes = [{"size": size, "area": 0.5, **one} for size in ((0.85, 1.0, 1.15) if restricted else (1.0,))]
    numbers = {**one, "sizes": sizes, "patches": {"wrong": hidden, "right": hidden}, "hidden": 4, "near": 0.1, "n": 900}
    return numbers | {"seed": 0, "resamples": 1000}, {}, {}


_MAKERS = {
    "data": _data,
    "settings": _settings,
    "saliency": _saliency,
    "filters": _filters,
    "filter_emotions": _filter_emotions,
    "conv1_outputs": _conv1_outputs,
    "confusion": _confusion,
    "lime": _lime,
    "curves": _curves,
    "ensemble": _ensemble,
    "calibration": _calibration,
    "audit": _audit,
    "selectivity": _selectivity,
    "atlas": _atlas,
    "stages": _stages,
    "dissection": _dissection,
    "light": _light,
    "elsewhere": _elsewhere,
    "scores": _scores,
    "shortcut": _shortcut,
}

if __name__ == "__main__":
    base = Path(sys.argv[1])
    write(base / "results")
    write(base / "results", "fer2013", restricted=True, artefacts=base / "artefacts")

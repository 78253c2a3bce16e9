"""What each part of a recipe is worth: the default recipe with one part switched off, or on, over several seeds.

python tests/benchmarks/ablation.py [--data archive.zip] [--seeds 3] [--epochs N] [--faces N] [--width N]
    [--parts muon flip ...]

Prints, for each part, the change of dev accuracy in points against the whole recipe of the same seed, with a 95 %
interval by Student's t over seeds. Negative: the recipe is better with the part as it is. Every training is written to
--output as one line of JSON, and taken from there when the script is run again.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from scipy.stats import t as student_t
from tqdm import tqdm

from ferpipe.build import devices
from ferpipe.data import reading
from ferpipe.data.dataset import Dataset
from ferpipe.data.faces import rendered
from ferpipe.networks import machine, views
from ferpipe.networks.recipes import Recipe
from ferpipe.training.loop import Training
from ferpipe.training.presets import DATA_SEED, PRESETS

WHOLE = "the whole recipe"
PARTS: dict[str, dict[str, Any]] = {
    "augmentation": {"flip": False, "rotate": 0.0, "scale": 0.0, "shift": 0.0, "light": 0.0},
    "flip": {"flip": False},
    "affine": {"rotate": 0.0, "scale": 0.0, "shift": 0.0},
    "light": {"light": 0.0},
    "smoothing": {"label_smoothing": 0.0},
    "averaging": {"average": 0.0},
    "muon": {"muon": 0.0},
    "small": {"small": 0},
    "+erase": {"erase": 0.25},
    "+mask": {"mask": 0.3},
    "+mixup": {"mixup": 0.2},
    "+cutmix": {"cutmix": 0.5},
    "+pooled": {"stem": "pooled"},
    "+imagenet": {"stem": "imagenet"},
}


def train(recipe: Recipe, dataset: Dataset, half: bool, device: torch.device) -> dict[str, float]:
    """Return the last epoch's accuracies on dev, with one view and with all, and the seconds that training took."""
    kept, machine.half = machine.half, lambda device: half and kept(device)
    try:
        training, began = Training(recipe, dataset.train, dataset.dev, device), time.perf_counter()
        for _ in range(recipe.epochs):
            for _ in training.run_epoch():
                pass
            training.epoch += 1  # close_epoch would measure: only the end counts here
        seconds = time.perf_counter() - began
    finally:
        machine.half = kept
    images, labels = training.dev
    network = training.average if recipe.average else training.network
    plain, averaged = views.logits(network, images), views.averaged(network, images)
    found = {"loss": F.cross_entropy(plain, labels).item(), "seconds": seconds}
    for name, logits in (("accuracy", plain), ("views", averaged)):
        found[name] = (logits.argmax(1) == labels).double().mean().item()
    return found


def change(ours: list[float], others: list[float]) -> str:
    """Return the mean difference in points and its interval over seeds."""
    points = [100 * (a - b) for a, b in zip(ours, others, strict=True)]
    mean = statistics.mean(points)
    if len(points) < 2:
        return f"{mean:+.1f} (one seed)"
    reach = student_t.ppf(0.975, len(points) - 1) * statistics.stdev(points) / len(points) ** 0.5
    return f"{mean:+.1f} [{mean - reach:+.1f}, {mean + reach:+.1f}]"


def table(runs: Mapping[str, list[dict[str, float]]]) -> str:
    """Return a table in Markdown: a part, the change in points, seconds a training."""
    whole = runs[WHOLE]
    base = [run["accuracy"] for run in whole]
    spread = f"{100 * statistics.mean(base):.1f} % ({', '.join(f'{100 * value:.1f}' for value in base)})"
    rows = [f"| {WHOLE} | {spread} | {statistics.mean(run['seconds'] for run in whole):.0f} |"]
    rows.append(f"| all views instead of one | {change([run['views'] for run in whole], base)} | |")
    for part, found in runs.items():
        if part == WHOLE:
            continue
        name = f"with {part[1:]}" if part.startswith("+") else f"without {part}"
        seconds = statistics.mean(run["seconds"] for run in found)
        rows.append(f"| {name} | {change([run['accuracy'] for run in found], base)} | {seconds:.0f} |")
    return "\n".join(["| recipe | dev accuracy, or its change in points | seconds |", "|---|---|---|", *rows])


def main() -> None:
    """Train every variant with every seed and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, help="FER2013; without it, rendered faces")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--faces", type=int, default=0, help="training faces; 0 = all")
    parser.add_argument("--width", type=int, help="channels of the first stage")
    parser.add_argument("--parts", nargs="*", choices=[*PARTS, "bf16"], help="only these")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--output", type=Path, default=Path(".artefacts/ablation.jsonl"))
    asked = parser.parse_args()
    device = devices.prepared(asked.device, machine.cores())
    if asked.data:
        dataset = reading.load(asked.data, 0)
    else:
        dataset = rendered.dataset(PRESETS["rendered"]["default"].sizes, DATA_SEED)
    base = replace(PRESETS[dataset.name]["default"].recipe, part=asked.faces)
    if asked.width:
        base = replace(base, width=asked.width)
    if asked.epochs:
        base = replace(base, epochs=asked.epochs, small=base.small * asked.epochs // base.epochs)
    variants = {part: replace(base, **parts) for part, parts in PARTS.items() if replace(base, **parts) != base}
    if machine.half(device):
        variants["bf16"] = base
    variants = {WHOLE: base, **{part: r for part, r in variants.items() if not asked.parts or part in asked.parts}}
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    lines = asked.output.read_text().splitlines() if asked.output.exists() else []
    known = {json.dumps(run["key"]): run["found"] for run in map(json.loads, lines)}
    runs: dict[str, list[dict[str, float]]] = {part: [] for part in variants}
    with tqdm(total=len(variants) * asked.seeds, unit="training") as bar:
        for seed in range(asked.seeds):
            for part, recipe in variants.items():
                recipe = replace(recipe, seed=seed)
                key = [dataset.name, part == "bf16", recipe.parameters()]
                if (name := json.dumps(key)) not in known:
                    known[name] = train(recipe, dataset, part != "bf16", device)
                    with open(asked.output, "a") as file:
                        file.write(json.dumps({"key": key, "found": known[name]}) + "\n")
                runs[part].append(known[name])
                bar.update()
                bar.set_postfix_str(f"{part} {known[name]['accuracy']:.1%}")
    print(table(runs))
    facts = machine.description(device)
    print(f"\n{dataset.name}, {base.part or len(dataset.train):,} faces, {base.epochs} epochs, width {base.width}, "
          f"{asked.seeds} seeds, {facts['device']}, {facts['precision']}")  # fmt: skip


if __name__ == "__main__":
    main()

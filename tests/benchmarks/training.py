"""Our training loop against the field's usual one: images a second and peak memory, on this machine.

python tests/benchmarks/training.py [--stem imagenet] [--width 64] [--batch 128] [--seconds 30] [--device auto]

Both train the same network with the same augmentations (flip, affine, brightness and contrast) on the same faces. The
usual loop is what tutorials teach: files on disk, a Dataset that opens each with PIL, torchvision's transforms on
single images, a DataLoader with worker processes, SGD in float32. Ours is ferpipe.training.loop with Muon off, so that
both optimise alike. Each runs in a process of its own; the first steps are not timed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torchvision import datasets
from torchvision.transforms import v2 as transforms

from ferpipe.build import devices
from ferpipe.data.dataset import Split
from ferpipe.data.faces import rendered
from ferpipe.networks import machine
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import DEVIATION, MEAN, initialised
from ferpipe.training.loop import Training

FACES = 4096
WARM = 3  # steps that are not timed


def ours(recipe: Recipe, faces: Split, folder: Path, device: torch.device) -> Iterator[None]:
    """Yield after each step of our loop."""
    devices.prepared(device.type, machine.cores())
    few = Split(faces.images[:7], faces.labels[:7], faces.names[:7])
    training = Training(recipe, faces, few, device)
    while True:
        yield from training.run_epoch()
        training.epoch = 1  # as later epochs are: on CUDA the first captures a graph


def usual(recipe: Recipe, faces: Split, folder: Path, device: torch.device) -> Iterator[None]:
    """Yield after each step of the usual loop."""
    degrees, shift, scale = recipe.rotate, recipe.shift / 48, recipe.scale
    steps = [
        transforms.Grayscale(),
        transforms.RandomHorizontalFlip(),
        transforms.RandomAffine(
            degrees, (shift, shift), (1 - scale, 1 + scale), interpolation=transforms.InterpolationMode.BILINEAR
        ),
        transforms.ColorJitter(recipe.light, recipe.light),
        transforms.ToImage(),
        transforms.ToDtype(torch.float32, scale=True),
        transforms.Normalize([MEAN], [DEVIATION]),
    ]
    dataset = datasets.ImageFolder(str(folder), transforms.Compose(steps))
    workers = max(1, min(8, machine.cores() // 2))
    loader = torch.utils.data.DataLoader(
        dataset, recipe.batch, shuffle=True, num_workers=workers, pin_memory=device.type == "cuda", drop_last=True,
        persistent_workers=True,
    )  # fmt: skip
    network = initialised(recipe.stem, recipe.width, 0).to(device).train()
    optimiser = torch.optim.SGD(network.parameters(), 0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
    while True:
        for images, labels in loader:
            images, labels = images.to(device, non_blocking=True), labels.to(device, non_blocking=True)
            loss = F.cross_entropy(network(images), labels, label_smoothing=recipe.label_smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            yield


def measure(name: str, recipe: Recipe, folder: Path, seconds: float, device: torch.device) -> dict[str, float]:
    """Return images a second and the peak memory in MiB, worker processes included."""
    arrays = np.load(folder / "faces.npz")
    faces = Split(arrays["images"], arrays["labels"], arrays["labels"].astype(str))
    steps = {"ours": ours, "usual": usual}[name](recipe, faces, folder / "pictures", device)

    def finish() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize()

    for _ in range(WARM):
        next(steps)
    finish()
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        next(steps)
        count += 1
    finish()
    speed = count * recipe.batch / (time.perf_counter() - began)
    steps.close()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    workers = (
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        * (name == "usual")
        * max(1, min(8, machine.cores() // 2))
    )
    return {"speed": speed, "memory": (own + workers) / 1024}


def write(folder: Path) -> None:
    """Put faces into `folder`: as arrays, and as files in a folder for each class."""
    faces = rendered.dataset((FACES, 7, 7), 0).train
    np.savez(folder / "faces.npz", images=faces.images, labels=faces.labels)
    for index, (image, label) in enumerate(zip(faces.images, faces.labels, strict=True)):
        place = folder / "pictures" / str(label)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{index}.jpg", quality=95)


def main() -> None:
    """Print both loops' figures and how many times as fast ours is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stem", default="imagenet")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--one", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    recipe = Recipe(stem=asked.stem, width=asked.width, batch=asked.batch, muon=0.0)
    if asked.one:
        print(
            json.dumps(measure(asked.one[0], recipe, Path(asked.one[1]), asked.seconds, machine.device(asked.device)))
        )
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        found = {}
        for name in ("usual", "ours"):
            call = [sys.executable, __file__, *sys.argv[1:], "--one", name, folder]
            environment = {**os.environ, "GOMP_SPINCOUNT": "20000"}
            done = subprocess.run(call, capture_output=True, text=True, check=True, env=environment)
            found[name] = json.loads(done.stdout.splitlines()[-1])
            print(f"{name:<6} {found[name]['speed']:7.0f} images/s  {found[name]['memory']:7.0f} MiB", flush=True)
    facts = machine.description(machine.device(asked.device))
    ratio = found["ours"]["speed"] / found["usual"]["speed"]
    print(f"ours is {ratio:.2f} times as fast: stem {asked.stem}, width {asked.width}, "
          f"batch {asked.batch}, {facts['device']}, {facts['precision']}, {machine.cores()} cores")  # fmt: skip


if __name__ == "__main__":
    main()

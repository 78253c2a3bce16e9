"""LIME for all seven classes: the closed form on shared masks against a loop over lime itself, in seconds.

python tests/benchmarks/closed_form.py [--faces 100] [--masks 1000] [--width 16] [--device auto]

All explain the same untrained network's log-odds on the same rendered faces, with the same segments, samples, kernel,
ridge and fill, and each begins with the faces alone. lime is called once a face for all classes, so that it forwards
each sample once; with its default batch of 10, and with ours. The closed form runs before, between and after, since a
machine's pace drifts. The agreement is the correlation of the weights of a face's segments, over faces and classes.
"""

from __future__ import annotations

import argparse
import io
import os
import time
from collections.abc import Callable
from contextlib import redirect_stderr

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as build.py does

import numpy as np
import torch
from lime.lime_image import LimeImageExplainer
from sklearn.linear_model import Ridge

from ferpipe.build import devices
from ferpipe.data.faces import rendered
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.explainers import perturbation, service
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.superpixels import BLUR, KERNEL_WIDTH, RIDGE, segmented
from ferpipe.networks import machine
from ferpipe.networks.resnet import initialised

LIMES_BATCH = 10  # its default
Weights = list[np.ndarray]  # a face: (7, segments)


class Given:
    """lime's random state, which returns rows that are given instead of drawn."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows  # (m, more than a face's segments) of 0 and 1

    def randint(self, low: int, high: int, size: int) -> np.ndarray:
        """Return the rows for as many segments as `size` is made for, flat."""
        return self.rows[:, : size // len(self.rows)].astype(int).ravel()


def ours(network: torch.nn.Module, images: np.ndarray, masks: int, device: torch.device) -> Weights:
    """Return the weights by the closed form."""
    asked = service.Service([network], images, device, 0, masks / perturbation.SAMPLES)
    return [service.weights(asked, 0, face).T for face in range(len(images))]


def limes(network: torch.nn.Module, images: np.ndarray, rows: np.ndarray, device: torch.device, batch: int) -> Weights:
    """Return the weights that lime's explain_instance finds from the same rows."""
    explainer = LimeImageExplainer(KERNEL_WIDTH, feature_selection="none")
    found = []
    for image in images:
        explainer.random_state = Given(rows)
        with redirect_stderr(io.StringIO()):  # its bar cannot be switched off
            explanation = explainer.explain_instance(
                np.repeat((image.astype(np.float32) / 255)[..., None], 3, axis=2),
                lambda copies: perturbation.log_odds(network, copies[..., 0], device),
                labels=range(len(EMOTIONS)),
                top_labels=None,
                hide_color=np.repeat(blurred(image[None], BLUR)[0][..., None], 3, axis=2),
                num_samples=len(rows),
                batch_size=batch,
                segmentation_fn=lambda images: segmented(images[..., 0]),
                model_regressor=Ridge(alpha=RIDGE),
                random_seed=0,
            )
        found.append(np.array([[w for _, w in sorted(explanation.local_exp[k])] for k in range(len(EMOTIONS))]))
    return found


def timed(work: Callable[[], Weights]) -> tuple[float, Weights]:
    """Return the seconds that `work` takes, and what it returns."""
    began = time.perf_counter()
    found = work()
    return time.perf_counter() - began, found


def main() -> None:
    """Print the seconds of each, how many times as long lime takes, and the agreement."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--faces", type=int, default=100)
    parser.add_argument("--masks", type=int, default=1000)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--device", default="auto")
    asked = parser.parse_args()
    device = devices.prepared(asked.device, machine.cores())
    network = initialised("imagenet", asked.width, 0).to(memory_format=torch.channels_last).to(device)
    network.eval().requires_grad_(False)
    images = rendered.draw(rendered.sample(asked.faces, 0))
    rows = service.Service([network], images, device, 0, asked.masks / perturbation.SAMPLES).cells
    for batch in (LIMES_BATCH, perturbation.BATCH):  # the first pass of a shape takes longer
        perturbation.log_odds(network, np.zeros((batch, *images.shape[1:]), np.float32), device)

    runs = [timed(lambda: ours(network, images, len(rows), device))]
    slower = {}
    for batch in (perturbation.BATCH, LIMES_BATCH):
        slower[batch] = timed(lambda batch=batch: limes(network, images, rows, device, batch))
        runs.append(timed(lambda: ours(network, images, len(rows), device)))
    seconds, closed = float(np.median([took for took, _ in runs])), runs[0][1]
    print(f"closed form       {seconds:8.1f} s, the median of {', '.join(f'{took:.1f}' for took, _ in runs)}")
    for batch, (longer, found) in slower.items():
        pairs = [(a, b) for one, other in zip(closed, found, strict=True) for a, b in zip(one, other, strict=True)]
        agreement = [np.corrcoef(pair)[0, 1] for pair in pairs]
        print(f"lime, batch {batch:>4}  {longer:8.1f} s  {longer / seconds:6.2f} times as long, "
              f"agreement {np.mean(agreement):.6f}, lowest {np.min(agreement):.6f}")  # fmt: skip
    size = f"{len(images)} faces, {len(rows)} masks, width {asked.width}"
    facts = machine.description(device)
    print(f"{size}, {facts['device']}, ours in {facts['precision']}, {facts['threads']} threads")


if __name__ == "__main__":
    main()

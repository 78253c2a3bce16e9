"""What a network answers when parts of a face are hidden behind the face's own blur, and three methods that read it.

A mask (48, 48) in [0, 1] shows the face where it is 1, the blur where it is 0, and a mixture in between. Each method
has masks of a family of its own: derived from one another's, their maps would agree by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from ferpipe.emotions import EMOTIONS, SIDE
from ferpipe.explainers import stem, surrogates
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.inputs import batches
from ferpipe.explainers.superpixels import BLUR, KERNEL_WIDTH, RIDGE, segmented
from ferpipe.networks import machine
from ferpipe.networks.folding import folded
from ferpipe.networks.resnet import ResNet18

BATCH = 256  # masked faces forwarded at once: more of them leave the cache
MASKS = 1000  # of LIME and of RISE, at full effort
MOST = 128  # more segments than a face can have: SLIC merges those below half of the mean size
GRID, CELL = 7, 8  # RISE: cells a side and pixels a cell; one cell more than fills the face, to be shifted
SHARE = 0.5  # of RISE's cells that are shown
PATCH, STRIDE = 8, 4  # occlusion, in pixels, at full effort
DRAW_LIME, DRAW_RISE = 131, 132  # mark this service's generators

OTHERS = [[other for other in range(len(EMOTIONS)) if other != label] for label in range(len(EMOTIONS))]
KINDS = ("lime", "rise", "occlusion")


def log_odds(network: nn.Module, images: np.ndarray, device: torch.device) -> np.ndarray:
    """Return each class's log-odds (n, 7) float64 for images (n, 48, 48) float32 in [0, 1].

    A logit less the logsumexp of the others: unlike a probability, it does not saturate.
    """
    found = np.zeros((len(images), len(EMOTIONS)))
    precision = next((weight.dtype for weight in network.parameters()), torch.float32)
    with torch.inference_mode():
        for place, given in batches(images, device, BATCH):
            found[place] = network(given.to(precision)).cpu().double().numpy()
    return odds(found)


def odds(logits: np.ndarray) -> np.ndarray:
    """Return the log-odds (n, 7) float64 that logits (n, 7) stand for."""
    given = torch.tensor(logits, dtype=torch.float64)
    return (given - given[:, OTHERS].logsumexp(2)).numpy()


def answers(network: nn.Module, image: np.ndarray, shown: np.ndarray, device: torch.device) -> np.ndarray:
    """Return the log-odds (m, 7) float16 of masked copies of an image (48, 48) uint8; `shown` (m, 48, 48) in [0, 1]."""
    face, hidden = image.astype(np.float32) / 255, blurred(image[None], BLUR)[0]
    found = np.zeros((len(shown), len(EMOTIONS)), np.float16)
    for start in range(0, len(shown), BATCH):  # mixed by the batch, which stays in the processor's cache
        place = slice(start, start + BATCH)
        part = shown[place].astype(np.float32, copy=False)
        found[place] = log_odds(network, part * face + (1 - part) * hidden, device)
    return found


class Service:
    """The answers of networks on masked copies of faces; each (kind, member, face) is forwarded once and then kept.

    `networks` are in evaluation mode on `device`, `images` (n, 48, 48) uint8; members and faces are indices into them.
    The masks depend on `seed` and `effort` alone, so that a face's maps do not depend on the other faces. An answer is
    kept in 14 bytes, a face's three kinds in some 30 kB. Networks answer in bfloat16 where the processor multiplies it
    faster: a thousand answers make a map, and their rounding cancels out.
    """

    def __init__(
        self, networks: Sequence[nn.Module], images: np.ndarray, device: torch.device, seed: int, effort: float = 1.0
    ) -> None:
        quick = tuple(folded(network) for network in networks)
        self.networks = tuple(deepcopy(network).bfloat16() for network in quick) if machine.half(device) else quick
        self.images, self.device, self.seed = images, device, seed
        self.count = max(2, round(MASKS * effort))
        self.stride = min(PATCH, max(1, round(STRIDE / effort**0.5)))  # the patches' number grows with its square
        self._answers: dict[tuple[str, int, int], np.ndarray] = {}
        self._segments: dict[int, np.ndarray] = {}
        self._solutions: dict[int, np.ndarray] = {}

    def answers(self, kind: str, member: int, face: int) -> np.ndarray:
        """Return the log-odds (m, 7) float16, read-only, of a member on a face under each of a kind's masks."""
        key = (kind, member, face)
        if key not in self._answers:
            found = self._by_patch(member, face) if kind == "lime" else None
            if found is None:
                found = answers(self.networks[member], self.images[face], self.shown(kind, face), self.device)
            found.flags.writeable = False
            self._answers[key] = found
        return self._answers[key]

    def _by_patch(self, member: int, face: int) -> np.ndarray | None:
        """Return the answers on LIME's masks by way of the stem's distinct patches, where that is faster, or None."""
        network, segments = self.networks[member], self.segments(face)
        if self.device.type != "cpu" or not isinstance(network, ResNet18):
            return None
        whole, hidden = self.images[face].astype(np.float32) / 255, blurred(self.images[face][None], BLUR)[0]
        cells = self.cells[:, : segments.max() + 1]
        with torch.inference_mode():
            found = stem.logits(network, whole, hidden, segments, cells, 2 * BATCH)  # without the stem's large maps
        return None if found is None else odds(found.float().numpy()).astype(np.float16)

    def shown(self, kind: str, face: int) -> np.ndarray:
        """Return a kind's masks for a face, (m, 48, 48) float32 in [0, 1]; raises ValueError for an unknown kind.

        The first of "lime" and of "occlusion" shows the whole face; all but "lime"'s are the same for every face.
        """
        if kind == "lime":
            return self.cells[:, self.segments(face)]
        if kind not in KINDS:
            raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(KINDS)}")
        return self.soft if kind == "rise" else self.patches

    @cached_property
    def cells(self) -> np.ndarray:
        """LIME's rows (m, MOST) float32 of 0 and 1; a face with k segments uses the first k columns."""
        drawn = np.random.default_rng([self.seed, DRAW_LIME]).integers(0, 2, (self.count, MOST))
        drawn[0] = 1
        return drawn.astype(np.float32)

    @cached_property
    def soft(self) -> np.ndarray:
        """RISE's masks (m, 48, 48) float32 in [0, 1]: coarse cells, smoothed and shifted (Petsiuk et al. 2018)."""
        rng = np.random.default_rng([self.seed, DRAW_RISE])
        coarse = torch.tensor(rng.random((self.count, 1, GRID, GRID)) < SHARE, dtype=torch.float32)
        fine = F.interpolate(coarse, scale_factor=CELL, mode="bilinear", align_corners=False)[:, 0].numpy()
        rows, columns = rng.integers(0, CELL, (2, self.count, 1)) + np.arange(SIDE)  # (m, 48) each
        return fine[np.arange(self.count)[:, None, None], rows[:, :, None], columns[:, None, :]].clip(0, 1)

    @cached_property
    def deviation(self) -> np.ndarray:
        """The deviation of RISE's masks at each pixel, (48, 48) float32, 1 where they never change."""
        found = self.soft.std(0)
        return np.where(found > 0, found, np.float32(1))

    @cached_property
    def patches(self) -> np.ndarray:
        """The whole face's mask and those that hide one square patch each, (1 + k, 48, 48) float32 of 0 and 1."""
        last = SIDE - PATCH
        starts = [*range(0, last, self.stride), last]  # the last patch touches the edge, whatever the stride
        found = np.ones((1 + len(starts) ** 2, SIDE, SIDE), np.float32)
        for mask, (top, left) in zip(found[1:], np.ndindex(len(starts), len(starts)), strict=True):
            mask[starts[top] : starts[top] + PATCH, starts[left] : starts[left] + PATCH] = 0
        return found

    def segments(self, face: int) -> np.ndarray:
        """Return the SLIC segment of each pixel of a face, (48, 48), numbered from 0 without gaps."""
        if face not in self._segments:
            self._segments[face] = segmented(self.images[face].astype(np.float32) / 255)
        return self._segments[face]

    def solution(self, count: int) -> np.ndarray:
        """Return LIME's closed form P (count, m) for faces with `count` segments: P @ answers are the weights."""
        if count not in self._solutions:
            masks = self.cells[:, :count].astype(np.float64)
            self._solutions[count] = surrogates.solution(masks, surrogates.proximity(masks, KERNEL_WIDTH), RIDGE)
        return self._solutions[count]


def weights(service: Service, member: int, face: int) -> np.ndarray:
    """Return the weight of each segment for each class's log-odds, (segments, 7) float64, as lime finds them."""
    count = int(service.segments(face).max()) + 1
    found: np.ndarray = service.solution(count) @ service.answers("lime", member, face).astype(np.float64)
    return found


def lime(service: Service, member: int, face: int) -> np.ndarray:
    """Return LIME's maps for all classes, (7, 48, 48) float32, signed (Ribeiro et al. 2016).

    A segment's weight is the change of the log-odds when it is shown instead of hidden.
    """
    return weights(service, member, face).T[:, service.segments(face)].astype(np.float32)


def rise(service: Service, member: int, face: int) -> np.ndarray:
    """Return RISE's maps for all classes, (7, 48, 48) float32, signed (Petsiuk et al. 2018).

    The answers' mean weighted by the mask's value at a pixel, less their plain mean, is the answers' covariance with
    that value over the value's mean. Here it is divided by the value's deviation instead: log-odds per deviation of the
    mask, with the same noise at every pixel. Zero means no influence.
    """
    found = service.answers("rise", member, face).astype(np.float64)
    centred = (found - found.mean(0)).astype(np.float32)
    covariance = centred.T @ service.soft.reshape(len(centred), -1) / len(centred)  # one side centred is enough
    return covariance.reshape(-1, SIDE, SIDE) / service.deviation


def occlusion(service: Service, member: int, face: int) -> np.ndarray:
    """Return occlusion's maps for all classes, (7, 48, 48) float32, signed (Zeiler & Fergus 2014).

    A pixel's relevance is the fall of the log-odds when a patch is hidden, averaged over the patches that cover it.
    """
    found = service.answers("occlusion", member, face).astype(np.float32)
    hidden = 1 - service.patches[1:]
    return np.tensordot((found[:1] - found[1:]).T, hidden, 1) / hidden.sum(0)

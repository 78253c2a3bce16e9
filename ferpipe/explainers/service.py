"""What our own networks answer to masked copies of our own faces, and the three methods of perturbation.py on these.

Networks and faces of this package alone: the stem of a ResNet is shared between the copies, and answers are kept.
"""

from collections.abc import Sequence
from copy import deepcopy
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from ferpipe.explainers import perturbation, stem, surrogates
from ferpipe.explainers.answers import odds
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.superpixels import BLUR, KERNEL_WIDTH, RIDGE, segmented
from ferpipe.networks import machine
from ferpipe.networks.folding import folded
from ferpipe.networks.resnet import ResNet18
from ferpipe.size import SIDE

MOST = 128  # more segments than a face can have: SLIC merges those below half of the mean size
PATCH, STRIDE = 8, 4  # occlusion, in pixels, at full effort
DRAW_LIME, DRAW_RISE = 131, 132  # mark this service's generators
KINDS = ("lime", "rise", "occlusion")


def answers(network: nn.Module, image: np.ndarray, masks: np.ndarray, device: torch.device) -> np.ndarray:
    """Return the log-odds (m, 7) float16 of copies of a face (48, 48) uint8 under masks (m, 48, 48) in [0, 1]."""
    whole, hidden = (torch.tensor(grey)[None] for grey in _whole_and_hidden(image))

    def asked(network: nn.Module, copies: Tensor) -> np.ndarray:
        return perturbation.log_odds(network, copies[:, 0].numpy(), device).astype(np.float16)

    return perturbation.masked(network, whole, hidden, masks, asked)


def _whole_and_hidden(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a face (48, 48) uint8 and the blur that hides it, float32 in [0, 1]."""
    return image.astype(np.float32) / 255, blurred(image[None], BLUR)[0]


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
        self.count = max(2, round(perturbation.SAMPLES * effort))
        self.stride = min(PATCH, max(1, round(STRIDE / effort**0.5)))  # the patches' number grows with its square
        self._answers: dict[tuple[str, int, int], np.ndarray] = {}
        self._segments: dict[int, np.ndarray] = {}
        self._solutions: dict[int, np.ndarray] = {}

    def answers(self, kind: str, member: int, face: int) -> np.ndarray:
        """Return the log-odds (m, 7) float16, read-only, of a member on a face under each of a kind's masks."""
        key = (kind, member, face)
        if key not in self._answers:
            values = self._by_patch(member, face) if kind == "lime" else None
            if values is None:
                values = answers(self.networks[member], self.images[face], self.masks(kind, face), self.device)
            values.flags.writeable = False
            self._answers[key] = values
        return self._answers[key]

    def _by_patch(self, member: int, face: int) -> np.ndarray | None:
        """Return the answers on LIME's masks by way of the stem's distinct patches, where that is faster, or None."""
        network, segments = self.networks[member], self.segments(face)
        if self.device.type != "cpu" or not isinstance(network, ResNet18):
            return None
        whole, hidden = _whole_and_hidden(self.images[face])
        cells = self.cells[:, : segments.max() + 1]
        with torch.inference_mode():
            logits = stem.logits(
                network, whole, hidden, segments, cells, 2 * perturbation.BATCH
            )  # without the stem's large maps
        return None if logits is None else odds(logits.float().numpy()).astype(np.float16)

    def masks(self, kind: str, face: int) -> np.ndarray:
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
        """LIME's rows (m, MOST); a face with k segments uses the first k columns."""
        return perturbation.cell_masks(self.count, MOST, np.random.default_rng([self.seed, DRAW_LIME]))

    @cached_property
    def soft(self) -> np.ndarray:
        """RISE's masks (m, 48, 48)."""
        return perturbation.soft_masks(self.count, SIDE, SIDE, np.random.default_rng([self.seed, DRAW_RISE]))

    @cached_property
    def deviation(self) -> np.ndarray:
        """The deviation of RISE's masks at each pixel, (48, 48)."""
        return perturbation.spread(self.soft)

    @cached_property
    def patches(self) -> np.ndarray:
        """Occlusion's masks (1 + k, 48, 48)."""
        return perturbation.patch_masks(SIDE, SIDE, PATCH, self.stride)

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
    answers: np.ndarray = service.answers("lime", member, face).astype(np.float64)
    return service.solution(count) @ answers


def lime(service: Service, member: int, face: int) -> np.ndarray:
    """Return LIME's maps for all classes, (7, 48, 48) float32, signed."""
    return weights(service, member, face).T[:, service.segments(face)].astype(np.float32)


def rise(service: Service, member: int, face: int) -> np.ndarray:
    """Return RISE's maps for all classes, (7, 48, 48) float32, signed."""
    return perturbation.covariance(service.answers("rise", member, face), service.soft, service.deviation)


def occlusion(service: Service, member: int, face: int) -> np.ndarray:
    """Return occlusion's maps for all classes, (7, 48, 48) float32, signed."""
    return perturbation.falls(service.answers("occlusion", member, face), service.patches)

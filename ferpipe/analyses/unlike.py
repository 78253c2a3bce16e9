"""Which pictures are unlike those that a network learned from: a linear reading of its third stage's map.

The distance of the last features to the nearest class mean, in 32 directions shared by all classes, was tried first: at
the threshold that flags one in twenty unseen faces it flags 3 to 46 % of noise, textures and faceless pictures, for
those features keep what tells expressions apart and drop the rest. So the map of the third stage is read, by a ridge
regression that tells training faces from pictures made of them which are no faces any more: with other phases, with
their parts in another order, a part enlarged, turned over or far off the middle, and from noise.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from skimage import data
from skimage.color import rgb2gray
from skimage.transform import resize
from torch import Tensor, nn

from ferpipe.analyses.study import Study
from ferpipe.networks.resnet import normalise
from ferpipe.networks.views import BATCH
from ferpipe.results.network import Alarm
from ferpipe.size import SIDE

USED = 4000  # faces at most, and as many that are none
CALM = 0.96  # share of dev that must not be flagged
RIDGE = 1.0  # of the mean variance of the map's standardised values, times their number
TEXTURES = ("brick", "grass", "gravel")
FACELESS = ("coins", "moon", "page", "text", "clock", "coffee", "hubble_deep_field", "rocket", "horse", "cell")
KINDS = 5
PLACES = 3  # a side of the third map, means of it where it is larger: where things stand is half of what is read


@dataclass(frozen=True)
class Reading:
    """Weights (n,) int16 of the map (3, 3, channels), their scale and bias, and how often it flags what."""

    weights: np.ndarray
    scale: float
    bias: float
    told: Alarm

    def of(self, maps: np.ndarray) -> np.ndarray:
        """Return for maps (n, 9 * channels) what is above 0 for pictures unlike faces, (n,)."""
        result: np.ndarray = maps @ (self.weights * self.scale) + self.bias
        return result


def fitted(network: nn.Module, study: Study, ready: np.ndarray, rng: np.random.Generator, bits: int) -> Reading:
    """Return the reading of the third stage's map that flags all but CALM of dev's pictures at most.

    And how often it flags what, `ready` (n, 48, 48) uint8 among it.
    """
    train, dev, test = study.dataset.train.images, study.dataset.dev.images, study.dataset.test
    faces = train[np.sort(rng.permutation(len(train))[:USED])]
    maps = third(network, np.concatenate([faces, none(train, len(faces), rng)]))
    middle, spread = maps.mean(0), maps.std(0) + 1e-3
    rows, sides = (maps - middle) / spread, np.repeat([-1.0, 1.0], len(faces))
    inner = rows.T @ rows / len(rows)
    slope = np.linalg.solve(inner + RIDGE * np.eye(len(inner)), rows.T @ sides / len(rows)) / spread
    scale = float(np.abs(slope).max() / (2 ** (bits - 1) - 1)) or 1e-12
    whole = (slope / scale).round().astype(np.int16)
    read = Reading(whole, scale, 0.0, Alarm(None, 0, 0, 0, 0))
    bias = -float(np.quantile(read.of(third(network, dev)), CALM))

    def flagged(pictures: np.ndarray) -> float:
        return float((read.of(third(network, pictures)) + bias > 0).mean())

    things = np.concatenate([squares(name, rng) for name in TEXTURES + FACELESS])
    told = Alarm(
        flagged(test.images) if test is not None and len(test.images) else None,
        flagged(noise(200, rng)),
        flagged(things),
        len(things),
        flagged(ready),
    )
    return Reading(whole, scale, bias, told)


def third(network: nn.Module, pictures: np.ndarray) -> np.ndarray:
    """Return the third stage's maps of pictures (n, 48, 48) uint8 in PLACES x PLACES means, (n, 9 * channels)."""
    maps: list[Tensor] = []
    handle = network.get_submodule("layer3").register_forward_hook(
        lambda module, args, output: maps.append(F.adaptive_avg_pool2d(output, PLACES).permute(0, 2, 3, 1).flatten(1))
    )
    with torch.inference_mode():
        for part in torch.from_numpy(np.ascontiguousarray(pictures)).split(BATCH):
            network(normalise(part))
    handle.remove()
    return torch.cat(maps).double().numpy()


def none(faces: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n pictures (n, 48, 48) uint8 that are made of faces and are none any more, as many of each kind."""
    pictures = []
    for k in range(n):
        face = faces[rng.integers(len(faces))].astype(float)
        pictures.append((_phases, _shuffled, _enlarged, _spots, _turned)[k % KINDS](face, rng))
    return np.clip(np.stack(pictures), 0, 255).round().astype(np.uint8)


def _phases(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a picture of the face's waves, each somewhere else."""
    noise = np.exp(1j * np.angle(np.fft.fft2(rng.normal(size=face.shape))))
    picture = np.real(np.fft.ifft2(np.abs(np.fft.fft2(face)) * noise))
    return np.asarray(picture - picture.mean() + face.mean())


def _shuffled(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the face's squares in another order."""
    side = int(rng.choice([6, 8, 12, 16, 24]))
    count = SIDE // side
    squares = face.reshape(count, side, count, side).swapaxes(1, 2).reshape(-1, side, side)
    return squares[rng.permutation(len(squares))].reshape(count, count, side, side).swapaxes(1, 2).reshape(face.shape)


def _enlarged(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a part of the face, enlarged and turned by right angles."""
    side = int(rng.integers(8, 22))
    top, left = rng.integers(0, SIDE - side + 1, 2)
    part = resize(face[top : top + side, left : left + side], face.shape, order=3)
    return np.rot90(part, int(rng.integers(4)))


def _spots(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return smooth noise, every second time with edges."""
    values = gaussian_filter(rng.normal(size=face.shape), rng.uniform(0.7, 8))
    values = (values - values.mean()) / values.std()
    if rng.random() < 0.5:
        values = np.where(values > rng.normal(), 1.0, -1.0) * rng.uniform(0.3, 1.5) + 0.2 * values
    return np.asarray(rng.uniform(60, 190) + rng.uniform(10, 70) * values)


def _turned(face: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the face turned over, or far off the middle."""
    if rng.random() < 0.5:
        return np.rot90(face, int(rng.integers(1, 4)))
    return np.roll(face, rng.integers(14, 35, 2), (0, 1))


def noise(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n pictures (n, 48, 48) uint8 of noise, white or smooth, of many contrasts."""
    pictures = []
    for k in range(n):
        values = rng.normal(size=(SIDE, SIDE))
        values = gaussian_filter(values, rng.uniform(0.7, 6)) if k % 2 else values
        pictures.append(128 + rng.uniform(5, 80) * values / values.std())
    return np.clip(np.stack(pictures), 0, 255).round().astype(np.uint8)


def squares(name: str, rng: np.random.Generator, n: int = 8) -> np.ndarray:
    """Return squares (n, 48, 48) uint8 cut from one of scikit-image's pictures at random."""
    picture = np.asarray(getattr(data, name)())
    grey = rgb2gray(picture[..., :3]) if picture.ndim == 3 else picture / picture.max()
    height, width = grey.shape
    cut = []
    for _ in range(n):
        side = int(rng.uniform(60, min(height, width)))
        top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
        cut.append(resize(grey[top : top + side, left : left + side], (SIDE, SIDE), anti_aliasing=True))
    return (255 * np.clip(np.stack(cut), 0, 1)).round().astype(np.uint8)

"""Gradient ascent on a picture, so that a filter answers strongly (Erhan et al. 2009; Olah et al. 2017)."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.adam import adam

from ferpipe.emotions import SIDE
from ferpipe.explainers.activations import output
from ferpipe.networks.resnet import DEVIATION, MEAN

RATE = 0.4  # Adam's, falling in a line to nothing; coefficients start at about 1
DECAY = 1.5  # power of a wave's length that its coefficient is multiplied by; Olah's 1 left noise after so few steps
CONTRAST = 1.2  # deviation of the grey levels' logits: the levels then deviate by about 0.23, as those of faces do
SHIFT, SCALE, TURN = 2.0, 0.08, 8.0  # pixels, share, degrees at most: Olah's 8 to 16 pixels of 224 are 2 to 3 of 48
LEAK = 0.01  # slope below the threshold, so that a filter that is silent at first still has a direction to go


def levelled(values: Tensor) -> Tensor:
    """Return pictures (n, 48, 48) in (0, 1), each brought to a mean of about 0.5 and to the same contrast.

    Without, every ascent ends in black and white, and a filter with a positive sum wants a white wall.
    """
    values = values - values.mean((1, 2), keepdim=True)
    return torch.sigmoid(CONTRAST * values / values.std((1, 2), keepdim=True).clamp(min=1e-6))


def pictures(waves: Tensor) -> Tensor:
    """Return levelled pictures (n, 48, 48) for Fourier coefficients (n, 48, 25, 2).

    Long waves move more easily than short ones, as in natural pictures.
    """
    down = torch.fft.fftfreq(SIDE, device=waves.device)[:, None]
    across = torch.fft.rfftfreq(SIDE, device=waves.device)[None, :]
    length = 1 / torch.clamp(torch.sqrt(down**2 + across**2), min=1 / SIDE)  # pixels
    waves = torch.view_as_complex(waves) * length**DECAY
    return levelled(torch.fft.irfft2(waves, s=(SIDE, SIDE), norm="ortho"))


def turned(shown: Tensor, rng: np.random.Generator) -> Tensor:
    """Return pictures (n, 48, 48) all shifted, scaled and turned by the same small draw; they go on beyond their edge.

    Bilinear by four index_selects, whose gradients are the same in every run on every device; grid_sample's are not.
    """
    shift, angle = rng.uniform(-SHIFT, SHIFT, (2, 1, 1)), np.radians(rng.uniform(-TURN, TURN))
    size = rng.uniform(1 - SCALE, 1 + SCALE)
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    place = np.stack([np.cos(angle) * rows - np.sin(angle) * columns, np.sin(angle) * rows + np.cos(angle) * columns])
    place = place / size + shift + (SIDE - 1) / 2  # (2, 48, 48)
    corner = np.floor(place).astype(int)
    pixels = shown.flatten(1).T.contiguous()  # (2304, n)
    out = torch.zeros_like(pixels)
    for step in np.ndindex(2, 2):
        near = corner + np.reshape(step, (2, 1, 1))
        share = (1 - np.abs(place - near)).prod(0)
        index = (near[0] % SIDE * SIDE + near[1] % SIDE).ravel()
        weight = torch.tensor(share.reshape(-1, 1), dtype=pixels.dtype, device=pixels.device)
        out = out + weight * pixels.index_select(0, torch.tensor(index, device=pixels.device))
    return out.T.reshape(shown.shape)


def answers(network: nn.Module, layer: str, shown: Tensor, channels: Tensor, thresholds: Tensor) -> Tensor:
    """Return each picture's own channel of the layer, before normalisation, less its threshold, (n, h, w)."""
    given = ((shown - MEAN) / DEVIATION).unsqueeze(1).contiguous(memory_format=torch.channels_last)
    maps = output(network, layer, given)
    places = torch.arange(len(shown), device=shown.device)
    return maps[places, channels] - thresholds[channels].view(-1, 1, 1)


class Adam:
    """Adam (Kingma & Ba 2015) for one tensor, as torch computes it; its own class loads a compiler, for two seconds."""

    def __init__(self, values: Tensor) -> None:
        self.values, self.count = values, torch.tensor(0.0)
        self.mean, self.square = torch.zeros_like(values), torch.zeros_like(values)

    @torch.no_grad()
    def step(self, gradient: Tensor, rate: float) -> None:
        """Move the values against the gradient."""
        adam([self.values], [gradient], [self.mean], [self.square], [], [self.count], lr=rate, beta1=0.9, beta2=0.999,
             eps=1e-8, weight_decay=0.0, amsgrad=False, maximize=False)  # fmt: skip


def ascend(
    network: nn.Module, layer: str, channels: Tensor, thresholds: Tensor, steps: int, start: np.ndarray,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return pictures (n, 48, 48) in (0, 1), one for each of `channels` (n,), and the activation each reaches (n,).

    The activation is the mean over positions of what exceeds the channel's threshold. The plain mean would not do: of a
    linear filter it only sees the mean grey. `start` (n, 48, 25, 2) holds standard normal draws.
    """
    device = thresholds.device
    waves = torch.tensor(start, dtype=torch.float32, device=device).requires_grad_()
    optimiser = Adam(waves)
    for step in range(steps):
        with torch.enable_grad():
            found = answers(network, layer, turned(pictures(waves), rng), channels, thresholds)
            loss = -F.leaky_relu(found, LEAK).mean((1, 2)).sum()
            (gradient,) = torch.autograd.grad(loss, waves)
        optimiser.step(gradient, RATE * (1 - step / steps))  # the small waves settle
    with torch.inference_mode():
        shown = pictures(waves.detach())
        return shown, answers(network, layer, shown, channels, thresholds).relu().mean((1, 2))

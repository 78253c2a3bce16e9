"""Gradient ascent on a picture, so that a filter answers strongly (Erhan et al. 2009; Olah et al. 2017)."""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.adam import adam

from ferpipe.explainers.activations import maps, output
from ferpipe.explainers.answers import at_least, device_of
from ferpipe.networks.resnet import DEVIATION, MEAN

RATE = 0.4  # Adam's, falling in a line to nothing; coefficients start at about 1
DECAY = 1.5  # power of a wave's length that its coefficient is multiplied by; Olah's 1 left noise after so few steps
CONTRAST = 1.2  # deviation of the grey levels' logits: the levels then deviate by about 0.23, as those of faces do
SHIFT, SCALE, TURN = 24, 0.08, 8.0  # the side over the pixels, share, degrees at most: 2 pixels of 48 (Olah: 8 of 224)
LEAK = 0.01  # slope below the threshold, so that a filter that is silent at first still has a direction to go


@torch.inference_mode(False)  # whatever the caller is in: tensors made there could have no gradients
def filter_pictures(
    network: nn.Module, layer: str, channels: int | Sequence[int], shape: Sequence[int] = (3, 224, 224),
    mean: float | Sequence[float] = 0.0, deviation: float | Sequence[float] = 1.0, steps: int = 128, seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return the pictures that a layer's channels answer to most, (n, *shape) float32 in (0, 1), and how much, (n,).

    `shape` (channels, h, w) is a picture's; the network is given (picture - mean) / deviation, for which name those of
    its training, one number or one a colour. How much is `ascend`'s activation above zero. A linear layer's
    channels are its outputs.
    """
    at_least(1, steps=steps)
    chosen = np.atleast_1d(np.asarray(channels))
    if chosen.ndim != 1 or not len(chosen) or chosen.dtype.kind not in "iu":
        raise ValueError(f"channels are {channels!r}; they must be one whole number or several")
    if len(shape) != 3 or min(shape) < 1:
        raise ValueError(f"shape is {tuple(shape)}; it must be (channels, h, w) of a picture")
    known = np.isfinite(mean).all() and np.all(np.asarray(deviation) > 0)
    if not known or not {np.size(mean), np.size(deviation)} <= {1, shape[0]}:
        raise ValueError(f"mean and deviation must be one number or {shape[0]}, and the deviation above 0")
    device, (colours, height, width) = device_of(network), shape
    rng = np.random.default_rng(seed)
    start = rng.standard_normal((len(chosen), colours, height, width // 2 + 1, 2))
    pictures, reached = ascend(
        network, layer, torch.tensor(chosen, device=device), None, steps, start, rng, width,
        *(torch.tensor(value, device=device).view(-1, 1, 1) for value in (mean, deviation)),
    )  # fmt: skip
    return pictures.cpu().numpy(), reached.cpu().numpy()


def levelled(values: Tensor) -> Tensor:
    """Return pictures (n, ..., h, w) in (0, 1), each brought to a mean of about 0.5 and to the same contrast.

    Without, every ascent ends in black and white, and a filter with a positive sum wants a white wall.
    """
    each = tuple(range(1, values.ndim))
    values = values - values.mean(each, keepdim=True)
    return torch.sigmoid(CONTRAST * values / values.std(each, keepdim=True).clamp(min=1e-6))


def pictures_of(waves: Tensor, width: int) -> Tensor:
    """Return levelled pictures (n, ..., h, width) for Fourier coefficients (n, ..., h, width // 2 + 1, 2).

    Long waves move more easily than short ones, as in natural pictures.
    """
    height = waves.shape[-3]
    down = torch.fft.fftfreq(height, device=waves.device)[:, None]
    across = torch.fft.rfftfreq(width, device=waves.device)[None, :]
    length = 1 / torch.clamp(torch.sqrt(down**2 + across**2), min=1 / max(height, width))  # pixels
    waves = torch.view_as_complex(waves) * length**DECAY
    return levelled(torch.fft.irfft2(waves, s=(height, width), norm="ortho"))


def turned(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Return pictures (..., h, w) all shifted, scaled and turned by the same small draw; they go on beyond their edge.

    Bilinear by four index_selects, whose gradients are the same in every run on every device; grid_sample's are not.
    """
    height, width = pictures.shape[-2:]
    most = min(height, width) / SHIFT
    shift, angle = rng.uniform(-most, most, (2, 1, 1)), np.radians(rng.uniform(-TURN, TURN))
    size = rng.uniform(1 - SCALE, 1 + SCALE)
    middle = (np.array([height, width]).reshape(2, 1, 1) - 1) / 2
    rows, columns = np.mgrid[:height, :width] - middle
    place = np.stack([np.cos(angle) * rows - np.sin(angle) * columns, np.sin(angle) * rows + np.cos(angle) * columns])
    place = place / size + shift + middle  # (2, h, w)
    corner = np.floor(place).astype(int)
    pixels = pictures.reshape(-1, height * width).T.contiguous()  # (h x w, pictures)
    out = torch.zeros_like(pixels)
    for step in np.ndindex(2, 2):
        near = corner + np.reshape(step, (2, 1, 1))
        share = (1 - np.abs(place - near)).prod(0)
        index = (near[0] % height * width + near[1] % width).ravel()
        weight = torch.tensor(share.reshape(-1, 1), dtype=pixels.dtype, device=pixels.device)
        out = out + weight * pixels.index_select(0, torch.tensor(index, device=pixels.device))
    return out.T.reshape(pictures.shape)


def answers(
    network: nn.Module, layer: str, pictures: Tensor, channels: Tensor, thresholds: Tensor | None,
    mean: Tensor | float, deviation: Tensor | float,
) -> Tensor:  # fmt: skip
    """Return each picture's own channel of the layer less its threshold, (n, h, w); (n, 1, 1) of a linear layer."""
    inputs = ((pictures - mean) / deviation).contiguous(memory_format=torch.channels_last)
    outputs = output(network, layer, inputs)
    outputs = maps({layer: outputs[..., None, None] if outputs.ndim == 2 else outputs}, layer).float()
    if not 0 <= int(channels.min()) <= int(channels.max()) < outputs.shape[1]:
        raise ValueError(f"channels are {channels.tolist()}; the layer {layer} has 0 to {outputs.shape[1] - 1}")
    places = torch.arange(len(pictures), device=pictures.device)
    activations = outputs[places, channels]
    return activations if thresholds is None else activations - thresholds[channels].view(-1, 1, 1)


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
    network: nn.Module, layer: str, channels: Tensor, thresholds: Tensor | None, steps: int, start: np.ndarray,
    rng: np.random.Generator, width: int | None = None, mean: Tensor | float = MEAN,
    deviation: Tensor | float = DEVIATION,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return pictures (n, ..., h, w) in (0, 1), one for each of `channels` (n,), and the activation each reaches (n,).

    The activation is the mean over positions of what exceeds the channel's threshold. The plain mean would not do: of a
    linear filter it only sees the mean grey. `start` (n, ..., h, w // 2 + 1, 2) holds standard normal draws; without
    colours before h it is of grey pictures. They are square unless `width` is named, and normalised as our own faces
    are unless `mean` and `deviation` are.
    """
    width = width or start.shape[-3]
    grey = start.ndim == 4
    with torch.inference_mode(False), torch.enable_grad():
        waves = torch.tensor(start[:, None] if grey else start, dtype=torch.float32, device=channels.device)
        waves.requires_grad_()
        optimiser = Adam(waves)
        for step in range(steps):
            pictures = turned(pictures_of(waves, width), rng)
            above = answers(network, layer, pictures, channels, thresholds, mean, deviation)
            (gradient,) = torch.autograd.grad(-F.leaky_relu(above, LEAK).mean((1, 2)).sum(), waves)
            optimiser.step(gradient, RATE * (1 - step / steps))  # the small waves settle
    with torch.inference_mode():
        pictures = pictures_of(waves.detach(), width)
        reached = answers(network, layer, pictures, channels, thresholds, mean, deviation).relu().mean((1, 2))
        return pictures[:, 0] if grey else pictures, reached

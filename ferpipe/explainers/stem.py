"""What our own ResNet's stem makes of masked copies of a face: each distinct patch is forwarded once, then looked up.

A mask shows or hides whole segments. A place of the first convolution sees three or four of them, so that a thousand
masks show it some ten different patches; a place of the pooled map sees five or six, in some eighty ways. Nakandala et
al. (2019) share a network's work between occluded copies of an image; here that is exact, and spares most of the stem.
It needs the parts of networks/folding.py's ResNet, and our own faces.
"""

from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferpipe.networks.folding import Residual
from ferpipe.networks.resnet import DEVIATION, MEAN, ResNet18

MOST = 2**24  # ways to show the segments at all places together: float32 counts exactly so far


def logits(
    network: ResNet18, face: np.ndarray, hidden: np.ndarray, segments: np.ndarray, cells: np.ndarray, batch: int
) -> Tensor | None:
    """Return a folded network's logits (m, 7) for masked copies of a face, `batch` at once; arguments as of `patches`.

    None where `patches` returns None, and for a network that enlarges the face first.
    """
    if network.enlarge > 1:
        return None
    looked_up = patches(network.conv1, network.maxpool, face, hidden, segments, cells)
    if looked_up is None:
        return None
    table, rows = looked_up
    first, second = (cast("Residual", block) for block in network.layer1)
    table = F.pad(table, (0, 0, 0, 1))  # what lies beyond the edge
    inner = Summed(first.conv1, table)
    outer = None if first.downsample is None else Summed(first.downsample, table)
    answers = []
    for part in rows.chunk(-(-len(rows) // batch)):
        shortcut = F.embedding(part, table).permute(0, 3, 1, 2) if outer is None else outer(part)
        x = second(first.joined(inner(part), shortcut))
        x = network.layer4(network.layer3(network.layer2(x)))
        answers.append(network.fc(network.avgpool(x).flatten(1)))
    return torch.cat(answers)


def patches(
    convolution: nn.Conv2d,
    pool: nn.Module,
    face: np.ndarray,
    hidden: np.ndarray,
    segments: np.ndarray,
    cells: np.ndarray,
) -> tuple[Tensor, Tensor] | None:
    """Return what a convolution, a pool (or none) and a ReLU make of each distinct patch of masked copies of a face.

    A table (patches, channels), and for each mask and place of the map its row, (m, h, w) int32. `face` and what hides
    it, `hidden`, are (48, 48) float32 in [0, 1]; `segments` (48, 48) numbers the face's segments from 0, and `cells`
    (m, k) float32 shows each where it is 1, hides it elsewhere. None where places see too many segments for a table.
    """
    masks, size = torch.tensor(cells), convolution.weight[0].numel()
    parts = _windows(torch.tensor(segments), convolution, masks.shape[1]).long()  # (places, size): a pixel's segment
    outputs = torch.arange(len(parts)).view(_side(parts), -1)
    near = _windows(outputs, pool, len(parts)).long() if isinstance(pool, nn.MaxPool2d) else outputs.view(-1, 1)
    # the place beyond the edge, of which a pool reads
    parts = torch.cat([parts, parts.new_full((1, size), masks.shape[1])])
    seen = torch.zeros(masks.shape[1] + 1, len(parts), dtype=torch.bool)
    seen[parts, torch.arange(len(parts))[:, None]] = True
    seen = seen[:-1]  # (segments, places)
    pooled = seen[:, near].any(2)
    if max(_ways(pooled).sum(), _ways(seen).sum()) > MOST:
        return None

    rows, sample = _distinct(_codes(masks, pooled))
    mask, read = sample.div(len(near), rounding_mode="floor"), near.T[:, sample % len(near)]  # a column a patch
    places = (mask * len(parts) + read).flatten()
    columns, sample = _distinct(_codes(masks, seen).flatten().index_select(0, places).view_as(read))
    mask, place = mask[sample % len(mask)], read.flatten()[sample]

    outside = float(getattr(convolution, "outside", 0.0))  # of networks that had another zero, see networks/foreign.py
    lit, dark = (
        F.pad(_windows((torch.tensor(grey) - MEAN) / DEVIATION, convolution, outside), (0, 0, 0, 1))
        for grey in (face, hidden)
    )
    lit_here = F.pad(masks, (0, 1))[mask].gather(1, parts[place]) > 0
    mixed = torch.where(lit_here, lit[place], dark[place]).to(convolution.weight.dtype)
    values = F.linear(mixed, convolution.weight.flatten(1), convolution.bias)
    if place[-1] == len(parts) - 1:  # the place beyond the edge, if any reads it: codes grow with places
        values[-1] = -torch.inf
    first, *others = columns
    best = values.index_select(0, first)
    for other in others:
        torch.maximum(best, values.index_select(0, other), out=best)
    return best.relu_(), rows.int().view(len(masks), _side(near), -1)


class Summed:
    """A convolution of stride 1 over maps of a table's rows: their products are formed once, each place sums its own.

    `table` is (rows, channels), and a map (h, w) names the row at each of its places; the last row, of zeros, lies
    beyond its edge.
    """

    def __init__(self, convolution: nn.Conv2d, table: Tensor) -> None:
        outputs, inputs, self.size, _ = convolution.weight.shape
        self.beyond = len(table) - 1
        kernel = convolution.weight.permute(1, 2, 3, 0).reshape(inputs, -1)  # a block of columns a place of the kernel
        offset = torch.zeros(self.size**2, outputs, dtype=kernel.dtype)
        if convolution.bias is not None:
            offset[self.size**2 // 2] = convolution.bias  # its middle reads no place beyond the edge
        self.products = torch.addmm(offset.flatten(), table, kernel).view(-1, outputs)

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the convolution's map (n, outputs, h, w) for rows (n, h, w) int32."""
        _, height, width = rows.shape
        padded = F.pad(rows, (self.size // 2,) * 4, value=self.beyond) * self.size**2
        near = [padded[:, y : y + height, x : x + width] for y in range(self.size) for x in range(self.size)]
        read = torch.stack([row + place for place, row in enumerate(near)], -1)
        sums = F.embedding_bag(read.view(-1, len(near)), self.products, mode="sum")
        return sums.view(*rows.shape, -1).permute(0, 3, 1, 2)


def _side(windows: Tensor) -> int:
    return round(len(windows) ** 0.5)


def _windows(image: Tensor, layer: nn.Conv2d | nn.MaxPool2d, outside: float = 0) -> Tensor:
    """Return what each place of a layer reads of an image (h, w), (places, size), and `outside` beyond its edge."""
    size, stride, padding = (
        value if isinstance(value, int) else int(value[0]) for value in (layer.kernel_size, layer.stride, layer.padding)
    )
    padded = F.pad(image.float()[None, None], (padding,) * 4, value=outside)
    return F.unfold(padded, size, stride=stride)[0].T


def _ways(seen: Tensor) -> Tensor:
    """Return in how many ways the segments that each place sees, of `seen` (k, places) bool, can be shown."""
    return torch.exp2(seen.sum(0).double())


def _codes(masks: Tensor, seen: Tensor) -> Tensor:
    """Return a number for the way in which each mask shows each place's segments, (m, places), of no other place."""
    bits = torch.where(seen, torch.exp2(seen.cumsum(0) - 1.0), 0)
    ways = _ways(seen)
    return torch.addmm((ways.cumsum(0) - ways).float(), masks, bits)


def _distinct(codes: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rank of each code among those that there are, and for each of these an index into the flat codes.

    As torch.unique would, but by a table instead of by sorting.
    """
    flat = codes.flatten().long()
    first = torch.full((int(flat.max()) + 1,), -1).scatter_(0, flat, torch.arange(len(flat)))
    used = first >= 0
    return (used.cumsum(0) - 1).index_select(0, flat).view_as(codes), first[used]

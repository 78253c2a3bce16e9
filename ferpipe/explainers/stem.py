"""What our own ResNet's stem makes of masked copies of a face: each distinct patch is forwarded once, then looked up.

LIME's masks show or hide whole segments. A place of the first convolution sees three or four of them, so that a
thousand masks show it some ten different patches; a place of the pooled map sees five or six, in some eighty ways.
Masks that hide one window leave most places as they are. Nakandala et al. (2019) share a network's work between
occluded copies of an image; here that is exact, and spares most of the stem. It needs the parts of
networks/folding.py's ResNet, and our own faces.
"""

from typing import NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferpipe.networks.folding import Residual
from ferpipe.networks.resnet import DEVIATION, MEAN, ResNet18

MOST = 2**24  # ways to show the segments at all places together: float32 counts exactly so far


class Patches(NamedTuple):
    """What a convolution, a pool (or none) and a ReLU read of masked copies of a face, each distinct patch once."""

    rows: Tensor  # (m, h, w) int32: for each mask and place of the map, its pooled patch
    read: Tensor  # (pool, pooled): the convolution's patches that each pooled one is the largest of
    place: Tensor  # (k,): where each of the convolution's patches is; the last place lies beyond the edge
    lit: Tensor  # (k, size) bool: which of its pixels are the face's; the others are what hides it


def logits(
    network: ResNet18, face: np.ndarray, hidden: np.ndarray, segments: np.ndarray, cells: np.ndarray, batch: int
) -> Tensor | None:
    """Return a folded network's logits (m, 7) for masked copies of a face, `batch` at once; `cells` as of `by_segment`.

    `face` and what hides it, `hidden`, are (48, 48) float32 in [0, 1]. None where `by_segment` returns None, and for a
    network that enlarges the face first.
    """
    if network.enlarge > 1:
        return None
    patches = by_segment(network.conv1, network.maxpool, segments, cells)
    if patches is None:
        return None
    (table,) = tables(network.conv1, patches, face[None], hidden[None])
    table = F.pad(table, (0, 0, 0, 1))  # what lies beyond the edge
    first, second = (cast("Residual", block) for block in network.layer1)
    inner = Summed(first.conv1, table)
    outer = None if first.downsample is None else Summed(first.downsample, table)
    answers = []
    for part in patches.rows.chunk(-(-len(patches.rows) // batch)):
        shortcut = F.embedding(part, table).permute(0, 3, 1, 2) if outer is None else outer(part)
        answers.append(_answers(network, second(first.joined(inner(part), shortcut))))
    return torch.cat(answers)


def logits_of_each(network: ResNet18, faces: np.ndarray, hidden: np.ndarray, patches: Patches) -> Tensor:
    """Return a folded network's logits (n, m, 7) for copies of several faces under the same masks, all at once.

    `faces` and what hides them, `hidden`, are (n, 48, 48) float32 in [0, 1]; `patches` those of the network's stem.
    The network may not enlarge the faces first.
    """
    table = tables(network.conv1, patches, faces, hidden)
    start = torch.arange(len(table), dtype=torch.int32) * table.shape[1]
    rows = (patches.rows + start.view(-1, 1, 1, 1)).flatten(0, 1)
    answers = _answers(network, network.layer1(F.embedding(rows, table.flatten(0, 1)).permute(0, 3, 1, 2)))
    return answers.view(len(faces), len(patches.rows), -1)


def _answers(network: ResNet18, x: Tensor) -> Tensor:
    """Return the logits for what the first stage puts out."""
    x = network.layer4(network.layer3(network.layer2(x)))
    return cast("Tensor", network.fc(network.avgpool(x).flatten(1)))


def tables(convolution: nn.Conv2d, patches: Patches, faces: np.ndarray, hidden: np.ndarray) -> Tensor:
    """Return what a convolution, a pool and a ReLU make of each pooled patch of each face, (n, pooled, channels).

    Of faces and what hides them, (n, 48, 48) float32 in [0, 1].
    """
    outside = float(getattr(convolution, "outside", 0.0))  # of networks that had another zero, see networks/foreign.py
    lit, dark = (
        F.pad(_windows((torch.tensor(grey) - MEAN) / DEVIATION, convolution, outside), (0, 0, 0, 1))
        for grey in (faces, hidden)
    )
    mixed = torch.where(patches.lit, lit[:, patches.place], dark[:, patches.place]).to(convolution.weight.dtype)
    values = F.linear(mixed, convolution.weight.flatten(1), convolution.bias)
    values[:, patches.place == lit.shape[1] - 1] = -torch.inf
    first, *others = patches.read
    best = values.index_select(1, first)
    for other in others:
        torch.maximum(best, values.index_select(1, other), out=best)
    return best.relu_()


def by_mask(convolution: nn.Conv2d, pool: nn.Module, masks: np.ndarray) -> Patches:
    """Return the patches of copies under masks (m, 48, 48) bool, False where they hide; some hundred at most."""
    shown = _windows(torch.tensor(masks, dtype=torch.float32), convolution, 1).bool().numpy()  # (m, places, size)
    _, places, size = shown.shape
    ranks, mask, place = _distinct_by_place((shown << np.arange(size)).sum(2))  # as the bits of a number
    outputs = torch.arange(places).view(_side(places), -1)
    near = _read(pool, outputs, places).numpy()
    # beyond the edge a pool reads one patch more
    ranks = np.pad(ranks, [(0, 0), (0, 1)], constant_values=len(place))
    ways = ranks - ranks.min(0)
    rows, sample, pooled = _distinct_by_place((ways[:, near] * (ways.max() + 1) ** np.arange(near.shape[1])).sum(2))
    return Patches(
        torch.tensor(rows, dtype=torch.int32).view(len(masks), _side(len(near)), -1),
        torch.tensor(ranks[sample[:, None], near[pooled]].T),
        torch.tensor(np.append(place, places)),
        torch.tensor(np.pad(shown[mask, place], [(0, 1), (0, 0)])),
    )


def _distinct_by_place(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the rank of each code (m, places) among those of its place and of the places before.

    And for each of these a mask that has it, and its place.
    """
    found = [np.unique(column, return_index=True, return_inverse=True) for column in codes.T]
    counts = [len(values) for values, _, _ in found]
    before = np.cumsum(counts) - counts
    ranks = np.stack([inverse + start for (_, _, inverse), start in zip(found, before, strict=True)], 1)
    return ranks, np.concatenate([first for _, first, _ in found]), np.repeat(np.arange(len(counts)), counts)


def by_segment(convolution: nn.Conv2d, pool: nn.Module, segments: np.ndarray, cells: np.ndarray) -> Patches | None:
    """Return the patches of copies under masks that show or hide whole segments of a face.

    `segments` (48, 48) numbers the face's segments from 0, and `cells` (m, k) float32 shows each where it is 1, hides
    it elsewhere. None where places see too many segments for a table.
    """
    masks, size = torch.tensor(cells), convolution.weight[0].numel()
    parts = _windows(torch.tensor(segments[None]), convolution, masks.shape[1])[0].long()  # (places, size): segments
    outputs = torch.arange(len(parts)).view(_side(len(parts)), -1)
    near = _read(pool, outputs, len(parts))
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
    lit = F.pad(masks, (0, 1))[mask].gather(1, parts[place]) > 0
    return Patches(rows.int().view(len(masks), _side(len(near)), -1), columns, place, lit)


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


def _side(places: int) -> int:
    return round(places**0.5)


def _read(pool: nn.Module, outputs: Tensor, outside: int) -> Tensor:
    """Return which of the convolution's places (h, w) each place of the pooled map reads, (places, size)."""
    return _windows(outputs[None], pool, outside)[0].long() if isinstance(pool, nn.MaxPool2d) else outputs.view(-1, 1)


def _windows(images: Tensor, layer: nn.Conv2d | nn.MaxPool2d, outside: float = 0) -> Tensor:
    """Return what each place of a layer reads of images (n, h, w), (n, places, size), and `outside` beyond the edge."""
    size, stride, padding = (
        value if isinstance(value, int) else int(value[0]) for value in (layer.kernel_size, layer.stride, layer.padding)
    )
    padded = F.pad(images.float()[:, None], (padding,) * 4, value=outside)
    return F.unfold(padded, size, stride=stride).transpose(1, 2)


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

"""Which part of the expression each of Table 1's filters fires on: its map held against the action units' pixels.

After network dissection (Bau et al. 2017): a filter's map, enlarged to the face and cut at a quantile of its own over
all faces, is compared with the pixels that a part of the expression changes. Those are known of rendered faces alone.
"""

import numpy as np
import torch
from torch.nn import functional

from ferpipe.analyses.counterfactuals import PARTS, Counterfactual, available, counterfactuals
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import FILTERS, LAYERS, recording
from ferpipe.explainers.inputs import batches
from ferpipe.results.common import Estimate
from ferpipe.results.dissection import Dissection, Fires, Layer
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import percentiles, proportion, resamples

TOP = 0.05  # share of all positions of all faces at which a filter counts as firing; Bau et al. take less of finer maps
DRAW = 171  # marks this analysis's generators


def analyse(study: Study) -> Dissection:
    """Return for each of Table 1's filters the part that its map overlaps most beyond chance, and how much.

    The part is chosen on every second face and measured on the others, so that the best of many is no better by chance
    alone. `iou`: pixels in both the map and the part over pixels in either, summed over the faces that have the part;
    `chance`: the same had the map's pixels lain anywhere; `beyond`: their difference, with its interval over faces.
    `above` is the share of the filters whose interval lies above zero. Without layers where faces cannot be
    drawn again.
    """
    if not available(study):
        return Dissection(available=False, top=TOP, seed=study.seed, layers=[], above=None, n=0)
    effort = study.effort["dissection"]
    chosen = stratified(study.labels, effort.faces, np.random.default_rng([study.seed, DRAW, 0]))
    faces = counterfactuals(study, chosen)
    areas = {part: area for part in PARTS if len((area := of_part(faces, part))[0]) >= effort.least}
    layers = []
    for depth, (name, maps) in enumerate(firing(study, study.dataset.dev.images[chosen]).items()):
        rngs = [np.random.default_rng([study.seed, DRAW, 1 + depth, k]) for k in range(maps.shape[1])]
        layers.append(Layer(name, [best(maps[:, k], areas, rng, effort.resamples) for k, rng in enumerate(rngs)]))
    lows = np.array([fires.beyond.interval[0] for layer in layers for fires in layer.filters])
    return Dissection(
        available=True,
        top=TOP,
        seed=study.seed,
        layers=layers,
        above=proportion(lows > 0),
        n=len(chosen),
        parts=list(areas),
        resamples=effort.resamples,
    )


def of_part(faces: list[Counterfactual], part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (k,) of the faces that have a part, and its pixels in them (k, 48, 48) bool."""
    places = [place for place, face in enumerate(faces) if part in face.parts]
    masks = [faces[place].masks[faces[place].parts.index(part)] for place in places]
    return np.array(places, int), np.array(masks, bool).reshape(-1, SIDE, SIDE)


def firing(study: Study, images: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each layer where each of its first filters fires in images (n, 48, 48), (n, 6, 48, 48) bool.

    A map is enlarged bilinearly, and cut where TOP of the filter's values over all faces lie above.
    """
    parts: dict[str, list[np.ndarray]] = {name: [] for name in LAYERS}
    with torch.inference_mode(), recording(study.model, LAYERS, lambda out: out[:, :FILTERS].float()) as outputs:
        for _, batch in batches(images, study.device):
            study.model(batch)
            for name in LAYERS:
                large = functional.interpolate(outputs[name], (SIDE, SIDE), mode="bilinear", align_corners=False)
                parts[name].append(large.cpu().numpy())
    joined = {name: np.concatenate(maps) for name, maps in parts.items()}
    return {name: maps > np.quantile(maps, 1 - TOP, axis=(0, 2, 3), keepdims=True) for name, maps in joined.items()}


def best(
    fires: np.ndarray, areas: dict[str, tuple[np.ndarray, np.ndarray]], rng: np.random.Generator, count: int
) -> Fires:
    """Return the part that a filter's map `fires` (n, 48, 48) overlaps most, with the overlap on the other faces."""
    score = {}
    for part, (places, masks) in areas.items():
        iou, chance = overlap(pixels(fires[places[::2]], masks[::2]).sum(0))
        score[part] = iou - chance
    part = max(score, key=lambda name: score[name])
    places, masks = (values[1::2] for values in areas[part])
    counts = pixels(fires[places], masks)
    iou, chance = overlap(counts.sum(0))
    drawn = np.subtract(*overlap(resamples(rng, len(counts), count) @ counts))
    return Fires(part, float(iou), float(chance), Estimate(float(iou - chance), percentiles(drawn), len(counts)))


def pixels(fires: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return of each face (n, 4) the pixels in both, in the map, in the part, and in both by chance."""
    both, first, second = (pixels.reshape(len(masks), -1).sum(1) for pixels in (fires & masks, fires, masks))
    return np.stack([both, first, second, first * second / SIDE**2], axis=1).astype(float)


def overlap(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return intersection over union, and that by chance, of counts (..., 4) as in `pixels`."""
    both, first, second, expected = np.moveaxis(counts, -1, 0)
    union, by_chance = np.maximum(first + second - both, 1e-12), np.maximum(first + second - expected, 1e-12)
    return both / union, expected / by_chance

"""Saliency: to which pixels the predicted class's logit answers, in six faces and over the whole dev set."""

import numpy as np

from ferpipe.analyses import magnitudes, subjects
from ferpipe.analyses.faces import FEWEST, described, nearest, predictions, stratified
from ferpipe.analyses.regions import ELLIPSE, regions
from ferpipe.analyses.study import Study
from ferpipe.data import fer2013
from ferpipe.explainers.attributions import blurred, gradient, integrated, smoothgrad
from ferpipe.explainers.inputs import inputs
from ferpipe.results.common import Across, RegionName
from ferpipe.results.saliency import ClassMaps, Confused, Saliency, SaliencyFaces, Share
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import bootstrap

SIGMA = 0.15  # deviation of their noise, as a share of the face's range (ibid., 10 to 20 %)
BLUR = 6.0  # pixels: the baseline is the face without its features, since black is information here
STILL = 1e-6  # mean change of the logits: below it the baselines are the faces, and an error has no measure
DRAW, DRAW_NOISE = 104, 105  # mark this analysis's generators
SHOWN = 8  # faces at most
CONFUSIONS = 6  # shown at most
METHODS = ("gradient", "smoothgrad", "integrated")


def analyse(study: Study) -> Saliency:
    """Return three signed maps of six faces, and where the gradient's magnitude falls over dev.

    The faces: of each class other than neutral the rightly answered dev face of median confidence; if none is right,
    the one with the highest probability of its own class.
    """
    labels = [label for label, name in enumerate(study.classes) if name != fer2013.RESTING][:SHOWN]
    indices = [index for label in labels if (index := nearest(study, label)) is not None]
    maps, error = six(study, indices)
    chosen = stratified(study.labels, study.effort["saliency"].faces, np.random.default_rng([study.seed, DRAW, 0]))
    magnitudes = shares_of_pixels(study, chosen)
    fewest = FEWEST if study.dataset.restricted else 1
    class_maps, used = means_by_class(magnitudes, study.labels[chosen], len(study.classes), fewest)
    confusions, faces, differences = confused(study, chosen, magnitudes, fewest)
    return Saliency(
        faces=[described(study, index) for index in indices],
        n=len(chosen),
        completeness_error=error,
        share=shares(study, chosen, magnitudes),
        class_maps_n=used,
        confusions=confusions,
        methods=list(METHODS),
        seed=study.seed,
        smoothgrad_samples=study.effort["saliency"].samples,
        smoothgrad_sigma=SIGMA,
        integrated_steps=study.effort["saliency"].steps,
        integrated_blur=BLUR,
        arrays=ClassMaps(class_maps, faces, differences),
        private=SaliencyFaces(
            images=study.dataset.dev.images[indices],
            gradient=maps["gradient"],
            smoothgrad=maps["smoothgrad"],
            integrated=maps["integrated"],
        ),
        locates=excess(study, "face"),
        reads=excess(study, "features"),
        ellipse=list(ELLIPSE) if study.dataset.shows == "face" and "regions" not in study.dataset.truth else None,
    )


def six(study: Study, indices: list[int]) -> tuple[dict[str, np.ndarray], float | None]:
    """Return the faces' maps by method, and Integrated Gradients' completeness error as a share of the change."""
    images, targets = study.dataset.dev.images[indices], predictions(study)[indices]
    faces, baselines = inputs(images, study.device), inputs(blurred(images, BLUR), study.device)
    samples, steps = study.effort["saliency"].samples, study.effort["saliency"].steps
    by_path, sums, changes = integrated(study.model, faces, targets, baselines, steps)
    noise = (study.seed, DRAW_NOISE)
    maps = {
        "gradient": gradient(study.model, faces, targets),
        "smoothgrad": smoothgrad(study.model, faces, targets, samples, SIGMA, noise),
        "integrated": by_path,
    }
    size = float(np.abs(changes).mean())
    return maps, float(np.abs(sums - changes).mean()) / size if size > STILL else None


def shares_of_pixels(study: Study, chosen: np.ndarray) -> np.ndarray:
    """Return the gradient's magnitude for the predicted logit, (n, 48, 48), each face's map summing to 1 (or to 0)."""
    maps = magnitudes.sizes(study, subjects.trained(study)[0], chosen)
    total = maps.sum((1, 2), keepdims=True)
    return np.divide(maps, total, out=np.zeros_like(maps), where=total > 0)


def excess(study: Study, region: RegionName) -> Across | None:
    """Return by how much the share of the gradient's size inside a region exceeds the region's area, over networks.

    None where pictures have no such region; faces count whose saliency is not zero everywhere.
    """
    if region not in (known := regions(study.dataset)):
        return None
    masks = known[region][magnitudes.sampled(study)]
    area = masks.mean((1, 2))

    def more(maps: np.ndarray) -> np.ndarray:
        total, inside = maps.sum((1, 2), dtype=np.float64), (maps * masks).sum((1, 2), dtype=np.float64)
        share: np.ndarray = np.divide(inside, total, out=np.full(len(total), np.nan), where=total > 0)
        return np.where(area > 0, share - area, np.nan)

    trained, control = ([more(maps) for maps in group] for group in magnitudes.of_each(study))
    return subjects.means(study, (DRAW, 20), trained, control)


def means_by_class(maps: np.ndarray, labels: np.ndarray, classes: int, fewest: int) -> tuple[np.ndarray, list[int]]:
    """Return the mean map of each class (classes, 48, 48) and of how many faces; zeros below `fewest`."""
    means, used = np.zeros((classes, SIDE, SIDE), np.float32), []
    for label in range(classes):
        of_class = maps[labels == label]
        used.append(len(of_class) if len(of_class) >= fewest else 0)
        if used[-1]:
            means[label] = of_class.mean(0, dtype=np.float64)
    return means, used


def confused(
    study: Study, chosen: np.ndarray, maps: np.ndarray, fewest: int
) -> tuple[list[Confused], np.ndarray, np.ndarray]:
    """Return the most frequent confusions, their mean faces, and their mean maps less those of the label's right faces.

    Of the `chosen` faces with their maps (n, 48, 48); a mean of fewer than `fewest` faces is left out.
    """
    labels, answers = study.labels[chosen], predictions(study)[chosen]
    pairs = np.argwhere(~np.eye(len(study.classes), dtype=bool))
    cells = [(label, answer, (labels == label) & (answers == answer)) for label, answer in pairs.tolist()]
    cells = [
        cell for cell in cells if cell[2].sum() >= max(fewest, 1) and ((labels == answers) & (labels == cell[0])).any()
    ]
    cells = sorted(cells, key=lambda cell: -int(cell[2].sum()))[:CONFUSIONS]
    none = np.zeros((0, SIDE, SIDE), np.float32)
    faces, differences = [none], [none]
    for label, _, members in cells:
        right = (labels == label) & (answers == label)
        faces.append(
            (study.dataset.dev.images[chosen[members]].mean(0, dtype=np.float64) / 255)[None].astype(np.float32)
        )
        difference = maps[members].mean(0, dtype=np.float64) - maps[right].mean(0, dtype=np.float64)
        differences.append(difference[None].astype(np.float32))
    confusions = [Confused(label, answer, int(members.sum())) for label, answer, members in cells]
    return confusions, np.concatenate(faces), np.concatenate(differences)


def shares(study: Study, chosen: np.ndarray, magnitudes: np.ndarray) -> dict[RegionName, Share]:
    """Return for each region the mean share of the saliency inside it, with an interval over faces, and its area.

    Only faces count that have the region (few have a hand) and whose saliency is not zero everywhere.
    """
    count = study.effort["saliency"].resamples
    by_region = {}
    for index, (name, masks) in enumerate(regions(study.dataset).items()):
        masks = masks[chosen]
        counted = masks.any((1, 2)) & (magnitudes.sum((1, 2)) > 0)
        inside = (magnitudes * masks).sum((1, 2), dtype=np.float64)[counted]
        rng = np.random.default_rng([study.seed, DRAW, 1 + index])
        by_region[name] = Share(None, None, None, 0)
        if len(inside):
            interval, area = bootstrap(inside, rng, count), float(masks[counted].mean())
            by_region[name] = Share(float(inside.mean()), interval, area, len(inside))
    return by_region

"""The atlas: where the evidence for each answer lies over the whole dev set, when it is right and when it is wrong."""

import numpy as np
from scipy.stats import ttest_ind

from ferpipe.analyses import evidence
from ferpipe.analyses.faces import FEWEST, predictions
from ferpipe.analyses.regions import regions
from ferpipe.analyses.roles import features
from ferpipe.analyses.study import Study
from ferpipe.data import fer2013
from ferpipe.explainers.surrogates import rank_correlation
from ferpipe.results.atlas import Atlas, AtlasMaps, Contrasts, Region
from ferpipe.results.common import RegionName
from ferpipe.statistics.intervals import LEAST, QUANTILE, contrast, mean, proportion

SIDES = ("right", "wrong")
DISCOVERY = 0.05  # share of the cells called different that may be so by chance (Benjamini & Hochberg 1995)
DRAW = 152  # marks this analysis's generators


def analyse(study: Study) -> Atlas:
    """Return each answer's mean evidence on the 8x8 grid, over right and over wrong faces, and its shares by region.

    With the comparisons that the original's findings rest on, each None where few faces count.
    """
    chosen = evidence.sampled(study)
    seen, answers, right = of_faces(study, chosen)
    fewest = FEWEST if study.dataset.restricted else LEAST
    shape = (len(study.classes), evidence.CELLS, evidence.CELLS)
    arrays: dict[str, np.ndarray] = {}
    counts: dict[str, list[int]] = {}
    for side, of_side in zip(SIDES, (right, ~right), strict=True):
        arrays[side], arrays[f"{side}_half"] = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        counts[side] = []
        for label in range(len(study.classes)):
            maps = seen[of_side & (answers == label)]
            counts[side].append(len(maps) if len(maps) >= fewest else 0)
            if counts[side][-1]:
                arrays[side][label] = maps.mean(0)
                arrays[f"{side}_half"][label] = QUANTILE * maps.std(0, ddof=1) / np.sqrt(len(maps))
    pairs = {
        label: [seen[of_side & (answers == label)] for of_side in (right, ~right)]
        for label in range(len(study.classes))
        if counts["right"][label] and counts["wrong"][label]
    }
    different = differing(pairs, len(study.classes)).astype(np.uint8)
    return Atlas(
        n=len(chosen),
        right=counts["right"],
        wrong=counts["wrong"],
        cells=evidence.CELLS**2,
        discovery=DISCOVERY,
        different=[int(cells.sum()) if label in pairs else None for label, cells in enumerate(different)],
        share=shares(study, chosen, seen, answers, right),
        **vars(contrasts(study, chosen, seen, answers, right)),
        seed=study.seed,
        resamples=study.effort["atlas"].resamples,
        arrays=AtlasMaps(
            right=arrays["right"],
            right_half=arrays["right_half"],
            wrong=arrays["wrong"],
            wrong_half=arrays["wrong_half"],
            different=different,
        ),
    )


def of_faces(study: Study, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the chosen faces' evidence for their answers (n, 8, 8), these answers (n,), and whether they are right."""
    answers = predictions(study)[chosen]
    return evidence.of_answer(study), answers, answers == study.labels[chosen]


def differing(pairs: dict[int, list[np.ndarray]], classes: int) -> np.ndarray:
    """Return in which cells right and wrong faces' evidence differs, (classes, 8, 8) bool, by label of `pairs`."""
    different = np.zeros((classes, evidence.CELLS, evidence.CELLS), bool)
    if pairs:
        p = np.stack([np.nan_to_num(ttest_ind(*maps, equal_var=False).pvalue, nan=1.0) for maps in pairs.values()])
        different[list(pairs)] = discovered(p.ravel()).reshape(p.shape)
    return different


def discovered(p: np.ndarray) -> np.ndarray:
    """Return which of the tests (k,) are called, such that DISCOVERY of the calls are false on average."""
    order = np.argsort(p, kind="stable")
    below = np.flatnonzero(p[order] <= DISCOVERY * np.arange(1, len(p) + 1) / len(p))
    called = np.zeros(len(p), bool)
    if len(below):
        called[order[: below[-1] + 1]] = True
    return called


def shares(
    study: Study, chosen: np.ndarray, seen: np.ndarray, answers: np.ndarray, right: np.ndarray
) -> dict[RegionName, Region]:
    """Return by region its area and the share of positive evidence inside it: over all right faces, and by answer."""
    count = study.effort["atlas"].resamples
    table: dict[RegionName, Region] = {}
    for index, (name, masks) in enumerate(regions(study.dataset).items()):
        masks = masks[chosen]
        inside = evidence.shares(seen, masks)
        usable = right & ~np.isnan(inside) & masks.any((1, 2))
        rows = [usable, *(usable & (answers == label) for label in range(len(study.classes)))]
        overall, *by_answer = (mean(inside[row], drawn(study, index, k), count) for k, row in enumerate(rows))
        table[name] = Region(float(masks[usable].mean()) if usable.any() else None, overall, by_answer)
    return table


def contrasts(study: Study, chosen: np.ndarray, seen: np.ndarray, answers: np.ndarray, right: np.ndarray) -> Contrasts:
    """Return the comparisons that the original's findings rest on."""
    count = study.effort["atlas"].resamples
    masks = {name: of_faces[chosen] for name, of_faces in regions(study.dataset).items()}
    labels, every = study.labels[chosen], evidence.of_dev(study)
    happy, sad = study.label(fer2013.HAPPY), study.label(fer2013.SAD)
    strength = evidence.coverage(features(study.dataset.dev.images[chosen])["edges"])
    along = [rank_correlation(a.ravel(), b.ravel()) for a, b in zip(seen[right], strength[right], strict=True)]
    edges = mean(np.array([rho for rho in along if rho is not None]), drawn(study, 33), count)
    if not masks:
        return Contrasts(None, None, None, None, edges)
    mouth = evidence.shares(seen, masks["mouth"])
    clear = right & ~np.isnan(mouth)
    where = evidence.coverage(masks["eyes"] | masks["mouth"])
    speaks = (every * where[:, None]).sum((2, 3))  # (n, classes): what eyes and mouth together say for each class
    rows = np.arange(len(chosen))
    misled = speaks[rows, answers] > speaks[rows, labels]
    parts_share, face_share = evidence.shares(seen, masks["features"]), evidence.shares(seen, masks["face"])
    usable = right & (face_share > 0) & masks["face"].any((1, 2))
    area = masks["features"][usable].sum((1, 2)) / np.maximum(masks["face"][usable].sum((1, 2)), 1)
    sad_eyes = None
    if sad is not None:
        upper = evidence.shares(every[:, sad], masks["eyes"] | masks["brows"])
        of_sad = (labels == sad) & ~np.isnan(upper)
        sad_eyes = contrast(upper[of_sad & right], upper[of_sad & ~right], drawn(study, 31), count)
    of_happy, of_others = mouth[clear & (answers == happy)], mouth[clear & (answers != happy)]
    return Contrasts(
        happy_mouth=None if happy is None else contrast(of_happy, of_others, drawn(study, 30), count),
        sad_eyes=sad_eyes,
        misled=proportion(misled[~right]) if (~right).any() else None,
        features=mean(parts_share[usable] / face_share[usable] - area, drawn(study, 32), count),
        edges=edges,
    )


def drawn(study: Study, *index: int) -> np.random.Generator:
    """Return the generator of one statistic."""
    return np.random.default_rng([study.seed, DRAW, *index])

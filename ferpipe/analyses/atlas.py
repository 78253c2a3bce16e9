"""The atlas: where the evidence for each answer lies over the whole dev set, when it is right and when it is wrong."""

import numpy as np
from scipy.stats import ttest_ind

from ferpipe.analyses import evidence, pairs, parts
from ferpipe.analyses.faces import FEWEST, predictions
from ferpipe.analyses.pairs import Pairs
from ferpipe.analyses.regions import regions
from ferpipe.analyses.roles import features
from ferpipe.analyses.study import Study
from ferpipe.explainers.surrogates import rank_correlations
from ferpipe.results.atlas import Atlas, AtlasMaps, Region
from ferpipe.results.common import Across, RegionName
from ferpipe.statistics.intervals import LEAST, QUANTILE, mean

SIDES = ("right", "wrong")
DISCOVERY = 0.05  # share of the cells called different that may be so by chance (Benjamini & Hochberg 1995)
OTHERS = 8  # faces whose edges a face's evidence is held against
DRAW = 152  # marks this analysis's generators


def analyse(study: Study) -> Atlas:
    """Return each answer's mean evidence on the 8x8 grid, over right and over wrong faces, and its shares by region.

    With the comparisons that the original's findings rest on, over networks.
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
    by_label = {
        label: [seen[of_side & (answers == label)] for of_side in (right, ~right)]
        for label in range(len(study.classes))
        if counts["right"][label] and counts["wrong"][label]
    }
    different = differing(by_label, len(study.classes)).astype(np.uint8)
    of_parts = parts.findings(study)
    return Atlas(
        n=len(chosen),
        right=counts["right"],
        wrong=counts["wrong"],
        cells=evidence.CELLS**2,
        discovery=DISCOVERY,
        different=[int(cells.sum()) if label in by_label else None for label, cells in enumerate(different)],
        share=shares(study, chosen, seen, answers, right),
        happy_mouth=of_parts.happy_mouth,
        anew=of_parts.anew,
        sad_eyes=of_parts.sad_eyes,
        edges=along_edges(study),
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


def differing(by_label: dict[int, list[np.ndarray]], classes: int) -> np.ndarray:
    """Return in which cells right and wrong faces' evidence differs, (classes, 8, 8) bool, by label."""
    different = np.zeros((classes, evidence.CELLS, evidence.CELLS), bool)
    if by_label:
        p = np.stack([np.nan_to_num(ttest_ind(*maps, equal_var=False).pvalue, nan=1.0) for maps in by_label.values()])
        different[list(by_label)] = discovered(p.ravel()).reshape(p.shape)
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


def along_edges(study: Study) -> Across | None:
    """Return by how much nearer a face's evidence follows its own edges than those of another face, over networks.

    The rank correlations over the cells of the grid less the mean one with OTHERS, which have edges in like places; the
    mean over the two faces of a pair, of which one is rightly answered and one is not.
    """

    def nearer(of: Pairs, side: int) -> np.ndarray:
        strength = evidence.coverage(features(study.dataset.dev.images[of.places[:, side]])["edges"])
        along = [rank_correlations(of.of_answer(side), np.roll(strength, k, axis=0)) for k in range(1 + OTHERS)]
        itself, *others = along  # NaN where all cells are alike
        return np.asarray(itself - np.mean(others, axis=0))

    def both(of: Pairs) -> np.ndarray:
        if not len(of.places):  # a network that is always right, or never
            return np.zeros(0)
        return np.asarray((nearer(of, 0) + nearer(of, 1)) / 2)

    return pairs.over_networks(study, both, (0, 1), drawn(study, 33))


def drawn(study: Study, *index: int) -> np.random.Generator:
    """Return the generator of one statistic."""
    return np.random.default_rng([study.seed, DRAW, *index])

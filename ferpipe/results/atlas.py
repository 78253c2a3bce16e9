"""What `analyses/atlas.py` found: where the evidence for each answer lies, when it is right and when it is wrong."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate, Mean, RegionName


@dataclass(frozen=True)
class Region:
    """The mean share of right faces' positive evidence inside a region: over all of them, and by answer."""

    area: float | None  # the region's share of the picture
    all: Estimate | None
    by_answer: list[Estimate | None]


@dataclass(frozen=True)
class AtlasMaps:
    """By answer on the 8x8 grid, (7, 8, 8): mean evidence in log-odds, zeros where faces are too few."""

    right: Mean
    right_half: Mean  # half of the 95% interval (normal)
    wrong: Mean
    wrong_half: Mean
    different: Mean  # 0 or 1: right and wrong faces differ (Welch's test, false discovery controlled over all cells)


@dataclass(frozen=True)
class Contrasts:
    """The comparisons that the original's findings rest on; None where few faces count."""

    happy_mouth: Estimate | None  # the mouth's share for happy less that for other answers, of right faces
    sad_eyes: Estimate | None  # share of the evidence for sad on eyes and brows, sad faces found less missed
    misled: Estimate | None  # share of wrong answers for which eyes and mouth speak more than for the true class
    features: Estimate | None  # right faces' evidence on brows, eyes, nose, mouth less their share of the face's area
    edges: Estimate | None  # rank correlation of a face's evidence and its edges' strength, cell by cell


@dataclass(frozen=True)
class Atlas(Contrasts):
    """Each answer's evidence and its shares by region."""

    n: int
    right: list[int]  # faces by answer, 0 for too few
    wrong: list[int]
    cells: int  # of the grid
    discovery: float  # share of the cells called different that may be so by chance
    different: list[int | None]  # cells by answer
    share: dict[RegionName, Region]
    seed: int
    resamples: int
    arrays: AtlasMaps

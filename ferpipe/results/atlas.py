"""What `analyses/atlas.py` found: where the evidence for each answer lies, when it is right and when it is wrong."""

from dataclasses import dataclass

from ferpipe.results.common import Across, Estimate, Mean, RegionName


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
class Atlas:
    """Each answer's evidence and its shares by region; over networks, the comparisons that findings rest on."""

    happy_mouth: Across | None  # the mouth's share of what is lost without it, for happy less any other emotion
    anew: int  # sad faces that were drawn for the next; 0 where it was asked of dev
    sad_eyes: Across | None  # the same share of eyes and brows, in found sad faces less missed ones
    edges: Across | None  # rank correlation of evidence with a face's own edges less with another face's
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

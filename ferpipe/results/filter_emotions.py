"""What `analyses/filter_emotions.py` found: Table 1, the emotion that activates each filter most."""

from dataclasses import dataclass

from ferpipe.results.common import Table


@dataclass(frozen=True)
class FilterEmotions:
    """The winners and the share of resamples that they win, filters by layers as in the original."""

    layers: list[str]
    winners: list[list[int]]
    share: list[list[float]]
    n: int
    resamples: int
    seed: int
    arrays: dict[str, Table]  # means (layers, 6, 7); means_<layer> (channels, 7): mean responses, NaN without faces

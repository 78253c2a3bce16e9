"""How much work each analysis does: a row an analysis, a column a kind of preset."""

import sys
from collections.abc import Mapping
from dataclasses import asdict

from ferpipe.analyses.effort import Effort
from ferpipe.storage.encoding import JSON

ALL = sys.maxsize  # faces
SMALL = ("smoke",)  # presets that do the least work which still fills every figure
TABLE = {  # usual, small
    "abstaining": (Effort(resamples=1000), Effort(resamples=100)),
    "atlas": (Effort(resamples=1000), Effort(resamples=100)),
    "calibration": (Effort(resamples=1000), Effort(resamples=100)),
    "conv1_outputs": (Effort(faces=200), Effort(faces=28)),
    "copies": (Effort(resamples=1000), Effort(resamples=100)),
    "dissection": (Effort(faces=280, least=20, resamples=1000), Effort(faces=28, least=2, resamples=100)),
    "elsewhere": (Effort(resamples=1000), Effort(resamples=100)),
    # of the gain: its interval's ends then hold to about a tenth of its width
    "ensemble": (Effort(resamples=2000), Effort(resamples=200)),
    "evidence": (Effort(faces=ALL), Effort(faces=35)),
    "filter_emotions": (Effort(resamples=1000), Effort(resamples=100)),  # a share of 1000 is known to 3 points
    # half as many steps again reach some 5 % more
    "filters": (Effort(steps=80, starts=2, faces=420), Effort(steps=8, starts=1, faces=35)),
    "fresh": (Effort(faces=2100), Effort(faces=140)),  # equally many of each emotion
    "light": (Effort(faces=ALL, resamples=1000), Effort(faces=70, resamples=100)),
    # lime's own default of samples
    "lime": (Effort(samples=1000, class_faces=12, class_masks=200), Effort(samples=100, class_faces=2, class_masks=80)),
    "pairs": (Effort(pairs=120), Effort(pairs=6)),  # of every network: fewer left open what the seed decides
    "parts": (Effort(faces=500), Effort(faces=35)),  # sad ones
    "portraits": (Effort(share=0.4), Effort(share=0.02)),
    "saliency": (  # samples of Smilkov et al. 2017; steps of Gauss-Legendre
        Effort(samples=50, steps=32, faces=ALL, resamples=1000),
        Effort(samples=8, steps=8, faces=70, resamples=100),
    ),
    # each check asks for three further maps of a face; a share of 0.3 is 300 masks
    "scores": (
        Effort(faces=40, checked=10, own=30, share=0.3, steps=24, resamples=1000),
        Effort(faces=7, checked=2, own=4, share=0.02, steps=4, resamples=100),
    ),
    "selectivity": (  # the mean over permutations is over all filters too
        Effort(permutations=20, faces=350, resamples=1000),
        Effort(permutations=5, faces=35, resamples=100),
    ),
    "shortcut": (
        Effort(pairs=300, faces=30, share=0.3, resamples=1000),
        Effort(pairs=40, faces=3, share=0.02, resamples=100),
    ),
    # of what is asked of each network; that of untrained ones varies little
    "subjects": (
        Effort(networks=5, faces=600, steps=20, resamples=1000),
        Effort(networks=2, faces=35, steps=4, resamples=100),
    ),
    "stages": (Effort(faces=140, samples=60, resamples=1000), Effort(faces=14, samples=7, resamples=100)),
}


def of(preset: str) -> dict[str, Effort]:
    """Return what a preset lets each analysis do."""
    return {name: row[preset in SMALL] for name, row in TABLE.items()}


def recorded(effort: Mapping[str, Effort], code: Mapping[str, str]) -> JSON:
    """Return the rows of what a result is made of: its analysis, and others that its code asks."""
    rows = {name: asdict(row) for name, row in effort.items() if f"ferpipe.analyses.{name}" in code}
    return {f"{name}.{key}": value for name, row in rows.items() for key, value in row.items() if value}

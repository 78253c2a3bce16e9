from dataclasses import replace

import numpy as np
import pytest
from test_scores_figure import MEASURED, NONE, card

from ferpipe.figures import hero
from ferpipe.results.common import Across, MethodName
from ferpipe.results.scores import Score

PASSES = replace(NONE, lead=Across([0.5, 0.3], [0.1] * 2, 0.1, 20, []), margin=MEASURED)
METHODS: list[MethodName] = ["magnitude", "rise"]


@pytest.mark.parametrize(
    ("gradient", "trusted", "shown"),
    [(PASSES, "rise", "magnitude"), (NONE, "rise", "rise"), (NONE, None, "magnitude")],
)
def test_faces_stand_under_the_gradient_where_it_passes_or_none_does_else_under_the_best(
    gradient: Score, trusted: MethodName | None, shown: MethodName
) -> None:
    scores = replace(card(), methods={"magnitude": gradient, "rise": PASSES if trusted else NONE}, trusted=trusted)
    maps = np.zeros((2, 1, 48, 48), np.float32)
    maps[:, 0, 24, 24] = 25
    method, chosen = hero.believed(scores, METHODS, maps)
    assert method == shown and chosen.shape == (1, 48, 48)
    smoothed = chosen[0, 22:27, 22:27]
    assert (smoothed == 1).all() if method == "magnitude" else smoothed.sum() == 25 == smoothed[2, 2]

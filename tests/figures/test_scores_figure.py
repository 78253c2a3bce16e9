from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from languages import EN, LANGUAGES

from ferpipe.figures import scores
from ferpipe.results.common import Across, Estimate
from ferpipe.results.scores import Agreement, Good, MeanMaps, Score, Scores
from ferpipe.text.language import Language

MEASURED = Estimate(0.4, [0.3, 0.5], 20)
NONE = Score(*[None] * 14)


def card(networks: int = 3, trusted: bool = False, faces: int = 30) -> Scores:
    over = Across([0.5, 0.25, 0.3][:networks], [0.1] * networks, 0.1, faces, [])
    own = replace(NONE, rank_correlation=MEASURED, randomisation=MEASURED, criterion=over)
    return Scores(
        methods={"rise": replace(own, lead=over, margin=MEASURED), "lime": NONE},
        baselines={"area": replace(own, randomisation=None)},
        agreement=Agreement(["rise", "lime"], [[None] * 2] * 2, [[None] * 2] * 2),
        criterion="rank_correlation",
        faces=[faces] * networks,
        best=["area"] * networks,
        trusted="rise" if trusted else None,
        good=Good([], [], [], [], []),
        shown=[], n=20, checked=2, seed=0, resamples=100, effort=1.0, steps=4, sure=0.5, parts=3, top=0.1, enough=10,
        alike=0.5, arrays=MeanMaps(np.zeros((2, 48, 48), np.float32)), private=None,
    )  # fmt: skip


def test_every_network_has_a_dot_and_a_line_of_the_table_of_numbers() -> None:
    figure = scores.draw(card(), EN)
    rows = figure.files["scores.csv"].decode().splitlines()
    assert [row for row in rows if row.startswith("rise,criterion in")] == [
        f"rise,criterion in network {place},{value},,,30" for place, value in enumerate((0.5, 0.25, 0.3))
    ]
    assert "area,lead" not in [",".join(row.split(",")[:2]) for row in rows if ",,,0" not in row]
    dots = [scores.draw(card(count), EN).files["scores.en.svg"].count(b"<use") for count in (1, 3)]
    assert dots[1] - dots[0] == 6  # two more of each: a method's criterion and lead, a baseline's criterion


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_foot_tells_the_verdict_and_why_there_is_none(language: Language) -> None:
    words = language.words("scores")
    for made, key in ((card(trusted=True), "trusted"), (card(), "none"), (card(1), "one"), (card(faces=9), "bare")):
        said = words[key].format(star=scores.STAR)
        body = scores.draw(made, language).body
        assert said.replace("'", "&#39;") in body
        assert (
            sum(
                words[k].format(star=scores.STAR).replace("'", "&#39;") in body
                for k in ("trusted", "none", "one", "bare")
            )
            == 1
        )

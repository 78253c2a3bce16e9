"""The ledger's rows: each data set by its own bar, and why two of them may decide otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from languages import EN, ZH

from ferpipe.figures import ledger
from ferpipe.results.claims import Claims, Row, Side
from ferpipe.text.language import Language

HERE = Side(
    edition="a", title={"en": "Drawings", "zh": "图"}, verdict="holds", statistic=0.8, interval=[0.7, 0.9], n=9,
    networks=5, past=5, control=0.52, draws=2, threshold=0.5, bar=0.52, bound=True, smallest=0.1, withheld=False,
)  # fmt: skip
THERE = replace(
    HERE, edition="b", title={"en": "Photographs", "zh": "照片"}, verdict="fails", networks=4, past=0,
    control=0.85, draws=1, bar=0.85,
)  # fmt: skip
WORDS = {"en": "words", "zh": "词"}
ROW = Row(
    id="x", threshold=0.5, side="above", about="learned", expression="x", family=1, unit="percent", figure="fig:x",
    finding=WORDS, original=WORDS, why=WORDS, sides=[HERE, THERE],
)  # fmt: skip


def drawn(row: Row, language: Language = EN) -> str:
    return ledger.draw(Claims([row]), language).body


def test_each_data_set_shows_what_it_has_to_pass_and_what_it_could_have_shown() -> None:
    html = drawn(ROW)
    words = EN.words("ledger")
    assert words["bound"].format(bar="52.0%") in html
    assert words["not_past"].format(bar="85.0%") in html  # past the threshold, which alone would not have failed it
    assert f"Photographs: <wbr>85.0%{EN.words('ledger')['one_draw']}" in html
    assert html.count(EN.words("ledger")["smallest"].format(smallest="10.0\N{NO-BREAK SPACE}points")) == 2
    assert "in 4 of 4 networks" in html  # that fail, as its sentence counts them


@pytest.mark.parametrize("language", [EN, ZH])
def test_a_verdict_that_is_withheld_from_networks_at_chance_says_so(language: Language) -> None:
    withheld = replace(ROW, sides=[replace(HERE, verdict="undecided", withheld=True)])
    assert drawn(withheld, language).count(language.words("ledger")["withheld"]) == 1
    assert language.words("ledger")["withheld"] not in drawn(ROW, language)


@pytest.mark.parametrize("language", [EN, ZH])
def test_a_difference_is_told_by_what_makes_it(language: Language) -> None:
    words = language.words("ledger")
    assert words["differ_bar"] in drawn(ROW, language)  # both pass the threshold, one not its untrained networks
    below = replace(ROW, sides=[HERE, replace(THERE, statistic=0.3)])
    assert words["differ_bar"] not in drawn(below, language) and words["differ_learned"] in drawn(below, language)
    title = THERE.title[str(language)]
    open_there = replace(THERE, verdict="undecided")
    for side, why in (
        (open_there, "differ_reach"),  # past the threshold in no network but untrained ones reach further
        (replace(open_there, past=2), "differ_open"),  # its interval holds the mean of the other
        (replace(open_there, statistic=0.3, interval=[0.1, 0.5]), "differ_size"),
    ):
        told = drawn(replace(ROW, sides=[HERE, side]), language)
        reasons = [
            key for key in ("differ_reach", "differ_open", "differ_size") if words[key].format(where=title) in told
        ]
        assert reasons == [why]
    same = drawn(replace(ROW, sides=[HERE, replace(THERE, verdict="holds")]), language)
    assert not any(word in same for key, word in words.items() if key.startswith("differ_"))


def test_untrained_networks_are_said_to_be_unmeasured_only_where_none_is() -> None:
    unmeasured = EN.words("ledger")["about_learned_alone"]
    bare = replace(HERE, control=None, draws=0, bar=0.5, bound=False)
    assert unmeasured not in drawn(replace(ROW, sides=[bare, THERE]))
    assert unmeasured in drawn(replace(ROW, sides=[bare, replace(bare, edition="b", title=THERE.title)]))

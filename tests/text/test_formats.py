from __future__ import annotations

import pytest
from languages import EN, ZH

from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.text import formats


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.6803, "68.0%"), (0.0, "0.0%"), (1.0, "100.0%"), (0.0001, "<0.1%"), (0.9999, ">99.9%"), (0.0005, "0.1%")],
)
def test_percent_never_rounds_something_to_nothing_or_to_all(value: float, shown: str) -> None:
    assert formats.percent(value) == shown


@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_percent_refuses_what_is_no_share(value: float) -> None:
    with pytest.raises(ValueError, match="no share"):
        formats.percent(value)


def test_points_carry_sign_and_unit() -> None:
    assert formats.points(EN, 0.0123) == "+1.2\u00a0points"
    assert formats.points(ZH, -0.0123) == "\u22121.2\u00a0个百分点"
    assert formats.points(EN, 0.00001) == "0.0\u00a0points"


def test_a_change_says_in_which_direction() -> None:
    assert formats.change(EN, -0.371) == "falls by 37.1\u00a0points"
    assert formats.change(ZH, 0.0123) == "上升 1.2\u00a0个百分点"
    assert formats.change(EN, -0.0004) == "changes by 0.0\u00a0points"
    assert formats.change(EN, 0.25, "number") == "rises by 0.25"
    assert formats.change(EN, None) == "–"


def test_a_bar_has_as_many_decimals_as_the_interval_beside_it() -> None:
    assert formats.beside(EN, 0.0816, [0.01, 0.078], "number") == "0.082"
    assert formats.beside(EN, 0.0816, [0.01, 0.05], "number") == "0.08"
    assert formats.beside(EN, 0.5, [0.3, 0.49996], "percent") == "50.000%"
    assert formats.beside(EN, 0.0, [-0.1, 0.2], "points") == "0.0\u00a0points"


def test_an_interval_of_shares_ends_where_shares_do() -> None:
    assert formats.interval(EN, [-0.15, 0.5]) == "0.0–50.0%" and formats.interval(EN, [0.9, 1.2]) == "90.0–100.0%"
    assert formats.interval(EN, [-0.15, 0.5], "points").startswith("\u221215.0")
    with pytest.raises(ValueError, match="is no share"):
        formats.interval(EN, [-0.5, -0.2])


def test_a_p_that_reads_as_zero_is_written_as_below() -> None:
    assert [formats.p_value(p) for p in (1e-9, 0.0006, 0.25)] == ["<0.001", "0.001", "0.250"]


def test_intervals_follow_each_language() -> None:
    assert formats.interval(EN, [0.665, 0.696]) == "66.5–69.6%"
    assert formats.interval(ZH, [0.665, 0.696]) == "66.5%\xa0至\xa069.6%"
    assert formats.interval(EN, [-0.004, 0.02], "points") == "\u22120.4\u00a0to\u00a0+2.0\u00a0points"
    assert formats.interval(ZH, [1.0, 2.5], "number", 2) == "1.00\xa0至\xa02.50"
    with pytest.raises(ValueError, match="percent, points or number"):
        formats.interval(EN, [0, 1], "pints")


@pytest.mark.parametrize(
    ("bounds", "unit", "bar", "text"),
    [
        ([0.000147, 0.02], "points", None, "+0.01\xa0to\xa0+2.00\xa0points"),  # clear of zero, and reads so
        ([-0.02, -0.0001], "points", None, "\u22122.00\xa0to\xa0\u22120.01\xa0points"),
        ([0.0, 0.02], "points", None, "0.0\xa0to\xa0+2.0\xa0points"),  # it is zero
        ([-0.1, 1e-18], "points", None, "\u221210.0\xa0to\xa00.0\xa0points"),  # dust: it is zero
        ([0.0413, 0.0618], "number", 0.0436, "0.041\xa0to\xa00.062"),
        ([0.0413, 0.0618], "number", 0.0514, "0.04\xa0to\xa00.06"),
        ([0.4996, 0.61], "percent", 0.5, "49.96–61.00%"),
        ([0.4996, 0.61], "percent", None, "50.0–61.0%"),
    ],
)
def test_an_end_that_is_not_its_bar_does_not_read_as_it(bounds, unit, bar, text) -> None:
    assert formats.interval(EN, bounds, unit, bar=bar) == text


def test_numbers_have_a_true_minus_and_no_false_zero() -> None:
    assert formats.number(-1.25, 1) == "\u22121.2"
    assert formats.number(-0.001, 2) == ">\N{MINUS SIGN}0.01"
    assert formats.number(0.0004, 3) == "<0.001"
    assert formats.number(12345.678, 1) == "12,345.7"


def test_integers_are_grouped_and_fractions_refused() -> None:
    assert formats.integer(28709) == "28,709"
    assert formats.integer(7.0) == "7"
    with pytest.raises(ValueError, match="no whole number"):
        formats.integer(0.5)


def test_emotions_are_named_by_label_or_name() -> None:
    assert formats.class_name(ZH, 3) == formats.class_name(ZH, "happy") == "高兴"
    assert formats.class_names(EN) == list(EMOTIONS)
    assert formats.class_names(ZH) == ["生气", "厌恶", "恐惧", "高兴", "悲伤", "惊讶", "中性"]


@pytest.mark.parametrize(
    ("names", "english", "chinese"),
    [([], "", ""), (["a"], "a", "a"), (["a", "b"], "a and b", "a和b"), (["a", "b", "c"], "a, b and c", "a、b和c")],
)
def test_listings_read_as_sentences(names: list[str], english: str, chinese: str) -> None:
    assert formats.listing(EN, names) == english
    assert formats.listing(ZH, names) == chinese


def test_classes_are_ranked_by_value_and_absent_ones_left_out():
    values = [{"value": v, "interval": [0.0, 1.0], "n": 9} for v in (0.1, 0.9, 0.5, 0.5, 0.2, 0.3)] + [None]
    assert formats.ranking(EN, values) == ["disgust", "fear", "happy", "surprise", "sad", "angry"]


def test_names_in_common_are_counted():
    assert formats.shared(["happy", "sad"], ["sad", "fear"]) == 1


def test_the_middle_leaves_out_what_is_null():
    assert formats.middle([3, None, 1, 2]) == 2


def test_the_mean_over_networks() -> None:
    assert formats.mean([0.1, 0.2, 0.6]) == pytest.approx(0.3)


def test_a_statistic_over_networks_is_told_by_its_mean_and_what_is_none_is_refused():
    found = {"values": [1.0, 2.0, 3.0], "errors": [0.1] * 3, "error": 0.05, "n": 30, "control": []}
    estimate = formats.estimated(found)
    assert estimate.value == 2 and estimate.n == 30 and estimate.interval[0] < 0.5 < 3.5 < estimate.interval[1]
    with pytest.raises(ValueError, match="a statistic over networks"):
        formats.estimated({"value": 1.0})

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferpipe.drawing import gallery, plot
from ferpipe.figures import confusion, curves, filter_emotions
from ferpipe.results import stored
from ferpipe.results.common import Estimate
from ferpipe.results.curves import Curve, Curves
from ferpipe.results.original import Agreement

HAN = re.compile("[\u4e00-\u9fff]")


def words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for entry in value.values():
            yield from words(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from words(entry)
    else:
        yield value


@pytest.mark.parametrize("module", [*gallery.modules(), "ferpipe.render.words"])
def test_every_figure_has_the_same_words_in_both_languages(module: str) -> None:
    found = importlib.import_module(module)
    for name in ("_WORDS", "WORDS", "_HEAD", "METHODS"):
        if table := getattr(found, name, None):
            assert table.keys() == {"en", "zh"}
            assert len(table["en"]) == len(table["zh"])
            if isinstance(table["en"], Mapping):
                assert table["en"].keys() == table["zh"].keys()
                fields = [re.findall(r"\{\w+\}", text) for text in (*words(table["en"]), *words(table["zh"]))]
                half = len(fields) // 2
                assert [sorted(f) for f in fields[:half]] == [sorted(f) for f in fields[half:]]
            assert not [text for text in words(table["en"]) if HAN.search(text)] or module.endswith("render.words")


def curve(length: int) -> Curve:
    falling, rising = np.linspace(2, 1, length).tolist(), np.linspace(0.2, 0.8, length).tolist()
    return Curve(list(range(1, length + 1)), falling, falling, rising, rising, best=1, n_train=30, n_dev=7)


def draw_curves(language: str, length: int = 5) -> str:
    figure = curves.draw(Curves(curve(length), curve(length)), language)
    assert "curves.csv" in figure.files
    return figure.files[f"curves.{language}.svg"].decode()


def test_a_plot_has_both_themes_and_no_date_colour_or_font_of_its_own() -> None:
    svg = draw_curves("en")
    assert "prefers-color-scheme:dark" in svg
    assert not re.search(r"(?:fill|stroke): #", svg)
    assert "DejaVu" not in svg and "metadata" not in svg
    assert svg == draw_curves("en")


def test_words_in_a_plot_are_text_in_the_language_of_the_page() -> None:
    assert "过拟合模型" in draw_curves("zh")
    assert "Overfitting model" in draw_curves("en")


def test_a_run_of_one_epoch_can_be_drawn() -> None:
    assert "best epoch 1" in draw_curves("en", 1)


def test_installed_fonts_do_not_change_a_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import font_manager

    usual = draw_curves("en")
    bundled = font_manager.fontManager.ttflist[0]
    other = font_manager.FontEntry(fname="/nowhere/DejaVuSans.ttf", name="DejaVu Sans", weight=400, stretch="normal")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [other, *font_manager.fontManager.ttflist])
    assert draw_curves("en") == usual
    assert bundled in font_manager.fontManager.ttflist  # what was installed is back


def test_a_plot_is_the_same_in_all_languages_but_for_its_words() -> None:
    def draw(figure: Any, numbers: Any, words: plot.Words) -> None:
        figure.text(0.5, 0.5, f"{words('mean', epoch=3)} {chr(9733)}")

    texts = [plot.svg(96, 96, draw, [0.5], {"mean": word}).decode() for word in ("a < b of {epoch}", "均值 {epoch}")]
    found = [re.search(r"<text.*>(.*)</text>", text)[1] for text in texts]  # type: ignore[index]
    assert found == ["a &lt; b of 3 ★", "均值 3 ★"]
    assert texts[0].replace(found[0], found[1]) == texts[1]


def test_marks_of_a_plot_are_different_colours() -> None:
    marks = [plot.PAPER, plot.INK, plot.FAINT, plot.RULE, plot.FIRST, plot.SECOND, plot.BAND]
    assert len(set(marks)) == len(marks)


def test_agreement_counts_equal_cells() -> None:
    assert filter_emotions.agreement([[0, 3]], [["angry", "sad"]]) == Agreement(1, 2, 2 / 7)


def test_a_class_without_faces_has_no_recall_and_no_shares() -> None:
    counts = [[0] * 7, *[[9, 1, 0, 0, 0, 0, 0] for _ in range(6)]]
    committed = stored.read(Path(__file__).parents[2] / "report/results/rendered/confusion")
    result = replace(committed, counts=counts, recall=[None, *[Estimate(0.1, [0.05, 0.2], 10)] * 6])
    body = confusion.draw(result, "en").body
    assert body.count("<tr>") == 9
    assert ">–<" in body
    assert "shade-9" in body and "90%<small>9</small>" in body


def test_every_drawer_names_its_analyses() -> None:
    assert set(gallery.names()) >= {"saliency", "conv1-filters", "lime-wrong", "filter-emotions", "accuracies"}
    for name in gallery.names():
        assert gallery.analyses(name)


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0.0, 0.2, 1.0], ["0%", "20%", "100%"]),
        ([0.67, 0.675, 0.68], ["67.0%", "67.5%", "68.0%"]),
        ([0.67, 0.6725], ["67.00%", "67.25%"]),
    ],
)
def test_the_ticks_of_an_axis_of_shares_are_told_apart(ticks: list[float], labels: list[str]) -> None:
    from matplotlib.figure import Figure as Drawing

    axis = Drawing().subplots().yaxis
    plot.share_axis(axis)
    axis.set_ticks(ticks)
    assert axis.get_major_formatter().format_ticks(ticks) == labels

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from languages import EN, LANGUAGES, ZH

from ferpipe import named
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.drawing import gallery, plot
from ferpipe.errors import Slip
from ferpipe.figures import confusion, curves, filter_emotions
from ferpipe.figures import stages as draw_stages
from ferpipe.results import stages, stored
from ferpipe.results.common import Across, Estimate
from ferpipe.results.curves import Curve, Curves
from ferpipe.results.original import Agreement
from ferpipe.text.language import Language

PACKAGE = Path(plot.__file__).parents[1]
HAN = re.compile("[\u4e00-\u9fff]")


def flat(value: object, path: str = "") -> dict[str, str]:
    """Every word by its path."""
    if isinstance(value, str):
        return {path: value}
    parts = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type,var-annotated]
    return {name: word for key, part in parts for name, word in flat(part, f"{path}.{key}").items()}


def test_every_language_has_the_same_words_with_the_same_places_to_fill_in() -> None:
    english, *others = (flat({**language.tables, "nouns": {}}) for language in LANGUAGES)
    for other in others:
        assert other.keys() == english.keys()
        for path, word in english.items():
            assert sorted(re.findall(r"\{[^}]*\}", word)) == sorted(re.findall(r"\{[^}]*\}", other[path])), path
    assert [path for path, word in english.items() if HAN.search(word)] == []


def test_every_word_is_asked_for_and_every_table_is_of_a_figure_or_of_all() -> None:
    code = "".join(path.read_text() for path in (*PACKAGE.rglob("*.py"), *PACKAGE.parent.glob("templates/*.html")))
    for table, words in EN.tables.items():
        if table == "nouns":  # each language has its own
            continue
        assert f'words("{table}' in code or f'row("{table}' in code, table
        for key in words if table == "page" else ():  # type: ignore[attr-defined]
            assert f"words.{key}" in code or f'["{key}"]' in code or key in ("train", "dev", "test"), key


def test_a_word_or_a_language_that_is_missing_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "fr.toml").write_text('[curves]\nloss = "Perte"\n')
    french = Language("fr", tmp_path / "words")
    assert french == "fr" and french.words("curves")["loss"] == "Perte"
    with pytest.raises(Slip, match=r"words/fr\.toml: \[curves\] lacks the word 'analysis'"):
        curves.draw(Curves(curve(3), curve(3)), french)
    with pytest.raises(Slip, match=r"words/fr\.toml lacks 'confusion'"):
        french.words("confusion")
    with pytest.raises(Slip, match=r"words/fr\.toml lacks the list 'curves.loss'"):
        french.row("curves.loss")
    with pytest.raises(Slip, match=r"de\.toml is missing: the words of the language 'de'"):
        Language("de", tmp_path / "words").words("curves")
    (tmp_path / "words" / "de.toml").write_text("[curves")
    with pytest.raises(Slip, match=r"de\.toml cannot be read"):
        Language("de", tmp_path / "words").words("curves")


def curve(length: int) -> Curve:
    falling, rising = np.linspace(2, 1, length).tolist(), np.linspace(0.2, 0.8, length).tolist()
    return Curve(list(range(1, length + 1)), falling, falling, rising, rising, best=1, n_train=30, n_dev=7)


def draw_curves(language: Language, length: int = 5) -> str:
    figure = curves.draw(Curves(curve(length), curve(length)), language)
    assert "curves.csv" in figure.files
    return figure.files[f"curves.{language}.svg"].decode()


def test_a_plot_has_both_themes_and_no_date_colour_or_font_of_its_own() -> None:
    svg = draw_curves(EN)
    assert "prefers-color-scheme:dark" in svg
    assert not re.search(r"(?:fill|stroke): #", svg)
    assert "DejaVu" not in svg and "metadata" not in svg
    assert svg == draw_curves(EN)


def test_words_in_a_plot_are_text_in_the_language_of_the_page() -> None:
    assert "过拟合模型" in draw_curves(ZH)
    assert "Overfitting model" in draw_curves(EN)


def test_a_run_of_one_epoch_can_be_drawn() -> None:
    assert "kept: epoch 1" in draw_curves(EN, 1)


def test_installed_fonts_do_not_change_a_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib import font_manager

    usual = draw_curves(EN)
    bundled = font_manager.fontManager.ttflist[0]
    other = font_manager.FontEntry(fname="/nowhere/DejaVuSans.ttf", name="DejaVu Sans", weight=400, stretch="normal")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [other, *font_manager.fontManager.ttflist])
    assert draw_curves(EN) == usual
    assert bundled in font_manager.fontManager.ttflist  # what was installed is back


def test_a_plot_is_the_same_in_all_languages_but_for_its_words() -> None:
    def draw(figure: Any, numbers: Any, words: plot.Words) -> None:
        figure.text(0.5, 0.5, f"{words('mean', epoch=3)} {chr(9733)}")

    texts = [plot.svg(96, 96, draw, [0.5], {"mean": word}).decode() for word in ("a < b of {epoch}", "均值 {epoch}")]
    found = [re.search(r"<text.*>(.*)</text>", text)[1] for text in texts]  # type: ignore[index]
    assert found == ["a &lt; b of 3 ★", "均值 3 ★"]
    assert texts[0].replace(found[0], found[1]) == texts[1]


def test_classes_keep_their_braces_in_a_plot() -> None:
    def draw(figure: object, result: object, words: plot.Words) -> None:
        figure.subplots().set_title(words("class1"))  # type: ignore[attr-defined]

    drawn = plot.svg(96, 96, draw, [0.5], plot.with_classes({"mean": "m"}, ["happy", "{odd} }"])).decode()
    assert "{odd} }" in drawn


def test_a_share_that_one_filter_has_in_one_network_has_no_interval() -> None:
    layer = stages.Layer("conv1", None, None, None, 1, 9)
    assert draw_stages._caught(layer) is None
    alone = Across([0.3], [0.0], 0.0, 1, [])
    assert draw_stages._caught(replace(layer, modes=alone)) is None
    several = replace(alone, errors=[0.1], n=7)
    assert draw_stages._caught(replace(layer, modes=several)) is not None
    networks = Across([0.1, 0.5, 0.1], [0.0, 0.1, 0.1], 0.0, 7, [])
    caught = draw_stages._caught(replace(layer, modes=networks))
    assert caught is not None and caught.interval[0] == 0.0 < caught.value < caught.interval[1] <= 1.0


def test_marks_of_a_plot_are_different_colours() -> None:
    marks = [plot.PAPER, plot.INK, plot.FAINT, plot.RULE, plot.FIRST, plot.SECOND, plot.BAND]
    assert len(set(marks)) == len(marks)


def test_agreement_counts_equal_cells() -> None:
    assert filter_emotions.agreement([[0, 3]], [["angry", "sad"]], EMOTIONS) == Agreement(1, 2, 2 / 7)


def test_a_class_without_faces_has_no_recall_and_no_shares() -> None:
    counts = [[0] * 7, *[[9, 1, 0, 0, 0, 0, 0] for _ in range(6)]]
    committed = stored.read(Path(__file__).parents[2] / "report/results/rendered/confusion")
    result = replace(committed, counts=counts, recall=[None, *[Estimate(0.1, [0.05, 0.2], 10)] * 6])
    body = confusion.draw(result, EN).body
    assert body.count("<tr>") == 9
    assert ">–<" in body
    assert "shade-9" in body and "90%<small>9</small>" in body


def test_every_drawer_names_its_analyses() -> None:
    assert set(gallery.names()) >= {"saliency", "conv1-filters", "lime-wrong", "filter-emotions", "accuracies"}
    for name in gallery.names():
        parameters = inspect.signature(named.module("figures", name.replace("-", "_")).draw).parameters
        assert [*gallery.analyses(name), "language"] == list(parameters) != ["language"]


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


def test_a_word_that_cannot_be_filled_in_is_told_with_its_file(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "fr.toml").write_text('[curves]\nbest = "époque {"\n')
    with pytest.raises(Slip, match=r"words/fr\.toml: 'époque \{'"):
        Language("fr", tmp_path / "words").words("curves")


def test_a_path_is_the_same_by_steps() -> None:
    path = "M1.5 2L1.5 7L4 7.25L0 0C0.5 1 2 -3 4.1 5zM10 0L10.5 0.5Q11 0.5 11 1"
    light, _ = plot._lightened(f'<path d="{path}"/>')
    assert re.findall(r' d="([^"]*)"', light) == ["M1.5 2v5l2.5 0.2l-4-7.2c0.5 1 2-3 4.1 5zM10 0l0.5 0.5q0.5 0 0.5 0.5"]


def test_neighbours_with_one_clip_are_clipped_together() -> None:
    one, other = (f'clip-path="url(#{name})"' for name in "ab")
    svg = f'<path d="M0 0" {one}/><g {one}><use x="1"/></g><g {other}><use x="2"/></g><path d="M1 1" {one}/>'
    light, _ = plot._lightened(svg)
    assert light == (
        f'<g {one}><path d="M0 0"/><use x="1"/></g><g {other}><use x="2"/></g><g {one}><path d="M1 1"/></g>'
    )


def test_numbers_that_are_read_keep_their_decimals() -> None:
    svg = '<svg><path d="M1.23456 2.5"/><text x="3.14159">0.25</text><text>0.05</text></svg>'
    light, _ = plot._lightened(svg)
    assert ">0.25<" in light and ">0.05<" in light and 'x="3.1"' in light and "M1.2 2.5" in light


@pytest.mark.parametrize(
    "path", sorted((PACKAGE.parent / "site/assets").glob("*/*.en.svg")), ids=lambda path: path.name
)
def test_no_axis_has_a_number_twice(path: Path) -> None:
    """Where ticks are 0.05 apart, one decimal makes two alike."""
    axes = re.findall(r"<text[^>]*>([\d.]+)</text>", path.read_text())
    runs, before = [[]], None
    for number in map(float, axes):
        if before is not None and number < before:
            runs.append([])
        runs[-1].append(number)
        before = number
    ticks = [run for run in runs if len(run) > 3 and run[0] == 0]
    assert all(len(set(run)) == len(run) for run in ticks), ticks

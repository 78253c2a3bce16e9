"""A page of two runs: what differs stands first, what is paired is tested so, and somebody's files stay."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from build import main
from ferpipe.analyses.comparison import newcombe
from ferpipe.build import compare as command
from ferpipe.build.compare import Answers, differences
from ferpipe.build.options import ROOT
from ferpipe.render.comparison import clear
from ferpipe.render.edition import editions
from ferpipe.results.comparison import Difference
from ferpipe.results.ensemble import Accuracy
from ferpipe.statistics.intervals import mcnemar, wilson
from ferpipe.text import report

RESULTS = ROOT / "report/results"
FRAME = report.read(ROOT / "report")


def copied(tmp_path: Path, name: str, data: str = "rendered") -> Path:
    """A run's results, as those of the repository."""
    shutil.copytree(RESULTS / data, tmp_path / name / data)
    return tmp_path / name


def edited(folder: Path, analysis: str, change) -> None:
    path = folder / "rendered" / analysis / "numbers.json"
    numbers = json.loads(path.read_text())
    change(numbers)
    path.write_text(json.dumps(numbers))


def compared(capsys, *arguments: object) -> tuple[int, str]:
    status = main(["compare", *map(str, arguments)])
    return status, capsys.readouterr().err


def rows(page: str, language: str) -> list[list[str]]:
    article = page.split(f'<article id="{language}"')[1].split("</article>")[0]
    table = article.split('<table class="ledger">')[1].split("</table>")[0]
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in table.split("<tr>")[2:]]


def test_what_differs_is_told_and_stands_first(tmp_path, capsys):
    first, second, page = copied(tmp_path, "first"), copied(tmp_path, "second"), tmp_path / "runs.html"
    edited(second, "settings", lambda numbers: numbers.update(preset="overnight", seed=100))
    edited(
        second, "saliency", lambda numbers: numbers["locates"].update(values=[-v for v in numbers["locates"]["values"]])
    )
    assert compared(capsys, first, second, "--output", page)[0] == 0
    text = page.read_text()
    for language in ("en", "zh"):
        top, *others = rows(text, language)
        assert "✓" in top[1] and "✕" not in top[1] and "✓" not in top[2]
        assert all(re.search("[✓✕?]", a)[0] == re.search("[✓✕?]", b)[0] for _, a, b in others)
        assert len(others) == 23
    settings = text.split('<table class="settings">')[1].split("</table>")[0]
    assert re.findall(r'scope="row">(.*?)<', settings) == ["Preset", "Seed of the first member"]
    assert "1 have another verdict in the second run" in text
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    assert len(page.read_bytes()) < 400_000


def test_a_run_differs_from_itself_in_nothing(tmp_path, capsys):
    page = tmp_path / "runs.html"
    assert compared(capsys, RESULTS, RESULTS, "--name", "fer2013", "--output", page)[0] == 0
    assert "0 have another verdict" in page.read_text()
    assert "do not differ clearly" in page.read_text()


def test_two_data_sets_of_the_same_classes_are_compared_unpaired(tmp_path, capsys):
    page = tmp_path / "runs.html"
    first, second = copied(tmp_path, "first"), copied(tmp_path, "second", "fer2013")
    assert compared(capsys, first, second, "--output", page)[0] == 0
    assert "The runs have other data" in page.read_text()
    assert "McNemar" not in page.read_text().split("</article>")[0]


def test_answers_to_the_same_faces_are_paired(monkeypatch):
    n, rng = 300, np.random.default_rng(0)
    labels = rng.integers(0, 7, n)

    def answers(right: np.ndarray) -> Answers:
        given = np.eye(7)[np.where(right, labels, (labels + 1) % 7)]
        return Answers({"analysis": given, "ensemble": given, "views": given}, labels)

    better = rng.random(n) < 0.8
    worse = better & (rng.random(n) < 0.95)  # wrong wherever the other is, and on a few more
    (edition,) = editions(RESULTS, RESULTS, ["rendered"], None, FRAME)
    given = iter([answers(worse), answers(better)])
    monkeypatch.setattr(command, "_answers", lambda *_: next(given))
    parts, why = differences(edition, edition, RESULTS)
    assert why == ""
    assert all(part.p == mcnemar(worse, better) < 0.05 for part in parts)
    gain = better.mean() - worse.mean()
    assert all(part.interval[0] < gain < part.interval[1] and part.interval[0] > 0 for part in parts)


def test_newcombe_is_that_of_his_paper():
    # Newcombe 1998, table II, (a): 56/70 - 48/80, method 10
    first, second = (Accuracy(k / n, wilson(k, n)) for k, n in ((48, 80), (56, 70)))
    assert newcombe(first, second) == pytest.approx([0.0524, 0.3339], abs=1e-4)


@pytest.mark.parametrize(
    ("p", "interval", "differs"), [(0.04, [-1, 1], True), (0.2, [0.1, 0.2], False), (None, [0.1, 0.2], True)]
)
def test_the_paired_test_decides_where_there_is_one(p, interval, differs):
    accuracy = Accuracy(0.5, [0.4, 0.6])
    assert clear(Difference("ensemble", accuracy, accuracy, 0.0, interval, p)) is differs


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((RESULTS, RESULTS), "wanted --output"),
        ((RESULTS,), "compare: wanted RUN RUN"),
        ((RESULTS, "nowhere", "--output", "{}/p.html"), "compare nowhere: no run of this name"),
        ((RESULTS, RESULTS, "--output", "{}/p.html"), "say which with --name"),
        ((RESULTS, RESULTS, "--name", "rafdb", "--output", "{}/p.html"), "--name rafdb: .* has fer2013 and rendered"),
        ((RESULTS, RESULTS, "--name", "rendered", "--output", "{}/mine.txt"), "holds something else than a page"),
        ((RESULTS, RESULTS, "--name", "rendered", "--output", "{}"), "is a folder"),
    ],
)
def test_what_cannot_be_compared_is_told_in_a_line(tmp_path, capsys, arguments, words):
    (tmp_path / "mine.txt").write_text("mine")
    status, told = compared(capsys, *(str(argument).format(tmp_path) for argument in arguments))
    assert status == 2 and len(told.splitlines()) == 1 and re.search(words, told)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_a_page_of_ours_is_written_again(tmp_path, capsys):
    arguments = (RESULTS, RESULTS, "--name", "rendered", "--output", tmp_path / "runs.html")
    assert compared(capsys, *arguments)[0] == compared(capsys, *arguments)[0] == 0


def test_other_commands_take_no_second_place(capsys):
    assert main(["predict", "a.png", "b.png"]) == 2
    assert "wanted IMAGES" in capsys.readouterr().err

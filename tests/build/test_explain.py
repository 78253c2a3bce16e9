"""A page of each picture: what it says, what it asks for, and what of somebody's it leaves alone."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from markupsafe import escape
from PIL import Image
from skimage import data

from build import main
from ferpipe.analyses import one_picture
from ferpipe.analyses.one_picture import Asked, explain, largest_face
from ferpipe.build import explain as command
from ferpipe.build.options import ROOT
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.figures import one_picture as drawing
from ferpipe.networks import views
from ferpipe.networks.resnet import initialised
from ferpipe.render import one_picture as pages
from ferpipe.results import stored
from ferpipe.results.one_picture import Network, OnePicture
from ferpipe.results.scores import Scores
from ferpipe.text import report

CPU = torch.device("cpu")
ASTRONAUT = Image.fromarray(data.astronaut()).convert("L")
FRAME = report.read(ROOT / "report")
LANGUAGES = [language.about("face", EMOTIONS) for language in FRAME.languages]


def asked(seed: int) -> Asked:
    return Asked(initialised("imagenet", 8, seed).eval(), Network(f"member-{seed}", "fer2013", 0.5, 100))


@pytest.fixture(scope="module")
def found() -> OnePicture:
    return explain([command.given(np.asarray(ASTRONAUT), "portrait", True)], [asked(0), asked(1)], EMOTIONS, CPU)[0]


@pytest.fixture(scope="module")
def scores() -> Scores:
    result: Scores = stored.read(ROOT / "report/results/fer2013/scores")
    return result


def test_every_method_explains_the_mean_prediction_and_each_change_is_asked_of_all(found: OnePicture) -> None:
    image = torch.tensor(found.given.image[None])
    chances = [views.averaged(asked(seed).network, image).softmax(1)[0].detach().numpy() for seed in (0, 1)]
    assert np.abs(np.array(found.probabilities) - chances).max() < 1e-4
    assert found.together == pytest.approx(np.mean(found.probabilities, 0).tolist())
    assert found.label == int(np.argmax(found.together))
    assert found.maps.shape == (9, 48, 48) and np.isfinite(found.maps).all() and found.maps.std((1, 2)).all()
    assert found.changes[0].what == "itself"
    assert all(sum(change.probabilities) == pytest.approx(1) for change in found.changes)
    images = {change.what: change.image.astype(int) for change in found.changes}
    assert (images["itself"] == found.given.image).all() and (images["mirrored"][:, ::-1] == images["itself"]).all()
    assert images["brighter"].mean() > images["itself"].mean() > images["darker"].mean()
    assert (images["mouth"] != images["itself"])[30:42, 12:36].mean() > 0.9 and (
        images["mouth"][:30] == images["itself"][:30]
    ).all()
    corner = images["left"] - images["right"]
    assert np.abs(corner).max() > 0 and found.alarm is None


def test_a_picture_is_explained_alike_alone_and_among_others(found: OnePicture) -> None:
    others = [command.given(np.asarray(ASTRONAUT), name, True) for name in ("a", "b")]
    again = explain(others, [asked(0), asked(1)], EMOTIONS, CPU)[1]
    assert again.maps == pytest.approx(found.maps, abs=1e-5) and again.fit == pytest.approx(found.fit)


def test_the_largest_face_is_found_and_none_in_noise() -> None:
    left, top, side = largest_face(np.asarray(ASTRONAUT)) or (0, 0, 0)
    assert 150 < left < 190 and 40 < top < 75 and 100 < side < 150
    twice = largest_face(np.asarray(ASTRONAUT.resize((1536, 1536)))) or (0, 0, 0)
    assert twice == pytest.approx((3 * left, 3 * top, 3 * side), rel=0.15)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8)
    assert largest_face(noise) is None and largest_face(noise[:20, :20]) is None


@pytest.mark.parametrize("shape", [(4000, 3), (3, 4000)])
def test_a_thin_picture_has_a_page(found: OnePicture, shape: tuple[int, int]) -> None:
    thin = command.given(np.full(shape, 90, np.uint8), "thin", False)
    assert b"thin" in pages.page(replace(found, given=thin), None, FRAME, LANGUAGES)


def test_a_picture_that_lime_explains_nothing_of_has_no_number_for_it(found: OnePicture) -> None:
    page = pages.page(replace(found, fit=None, stability=None), None, FRAME, LANGUAGES).decode()
    assert all(language.words("explain")["lime_none"] in html.unescape(page) for language in LANGUAGES)
    assert "R² = " not in page


@pytest.mark.parametrize(
    ("image", "face", "cut"),
    [
        (ASTRONAUT, False, "whole"),
        (ASTRONAUT.crop((0, 0, 300, 200)), False, "middle"),
        (ASTRONAUT, True, "face"),
        (ASTRONAUT.crop((0, 300, 100, 400)), True, "faceless"),
    ],
)
def test_what_is_looked_at_is_said(image: Image.Image, face: bool, cut: str) -> None:
    given = command.given(np.asarray(image), "x", face)
    assert given.cut == cut and given.image.shape == (48, 48) and max(given.preview.shape) <= command.PREVIEW
    left, top, side = given.square
    height, width = given.preview.shape
    assert min(left, top) >= 0 and left + side <= width + 1 and top + side <= height + 1


def test_the_page_says_which_map_may_be_believed_in_the_score_cards_order(found: OnePicture, scores: Scores) -> None:
    html = pages.page(found, scores, FRAME, LANGUAGES).decode()
    order, good = drawing.order(found, scores), drawing.passing(scores)
    assert order[0] == scores.trusted and set(order) == set(found.methods)
    for language in LANGUAGES:
        names, words = language.words("scores.methods"), language.words("explain")
        article = html[html.index(f'<article id="{language}"') :]
        ends = {name: "</b>" if name in good else "\n" for name in order}
        places = [article.index(f">{escape(names[name])}{ends[name]}") for name in order]
        assert places == sorted(places)
        assert article.count(words["passes"]) >= len(good)
    bare = pages.page(found, None, FRAME, LANGUAGES).decode()
    assert all(language.words("explain")["unscored"] in bare for language in LANGUAGES)
    assert all(language.words("explain")["passes"] + " (" not in bare for language in LANGUAGES)


def test_the_page_is_whole_and_asks_for_nothing(found: OnePicture, scores: Scores) -> None:
    html = pages.page(found, scores, FRAME, LANGUAGES)
    assert len(html) < 400_000 and command.MADE.fullmatch(html)
    sources = re.findall(rb'(?:src|href)="([^"]*)"', html)
    assert sources and all(source.startswith((b"data:", b"#")) for source in sources)
    assert not re.search("[\ue000-\uf8ff]", html.decode())  # no place of a figure is left


def test_an_unlike_picture_and_one_without_a_face_are_warned_of(found: OnePicture) -> None:
    words = LANGUAGES[0].words("explain")
    warning = f'<p class="try-warning">{words["unlike"]}'

    def page(**changed: object) -> str:
        return pages.page(replace(found, **changed), None, FRAME, LANGUAGES).decode()  # type: ignore[arg-type]

    assert warning in page(alarm=0.1) and warning not in page(alarm=-0.1) and words["like"] in page(alarm=-0.1)
    assert words["unknown"] in page(alarm=None)
    faceless = page(given=replace(found.given, cut="faceless"))
    assert f'<p class="try-warning">{words["cut_faceless"]}' in faceless


def test_a_name_is_text(found: OnePicture) -> None:
    html = pages.page(replace(found, given=replace(found.given, name="<b>&")), None, FRAME, LANGUAGES).decode()
    assert "<b>&" not in html and "&lt;b&gt;&amp;" in html


def test_files_have_names_that_no_system_refuses() -> None:
    names = ["a", "A", "a b", "a/b", "index", "笑脸", "..", "x" * 300, "a-b"]
    files = command._files(names)
    assert len({file.lower() for file in files}) == len(names)
    assert all(re.fullmatch(r"[\w~.-]{1,95}\.html", file) and file.lower() != "index.html" for file in files)
    assert files[5] == "笑脸.html"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first shipped network alone, and few samples: the command is tested, not the networks."""
    monkeypatch.setattr(one_picture, "EFFORT", 0.02)


def run(*arguments: object) -> int:
    return main(["explain", *map(str, arguments), "--network", "shipped"])


@pytest.mark.usefixtures("few")
def test_one_picture_makes_a_file_and_a_folder_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "faces").mkdir()
    ASTRONAUT.save(tmp_path / "faces/one.png")
    ASTRONAUT.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(tmp_path / "faces/two.jpg")
    assert run(tmp_path / "faces/one.png", "--output", tmp_path / "one.html", "--face") == 0
    first = (tmp_path / "one.html").read_bytes()
    assert run(tmp_path / "faces/one.png", "--output", tmp_path / "one.html", "--face") == 0
    assert (tmp_path / "one.html").read_bytes() == first  # ours, so written over, and the same
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine.txt").write_text("mine")
    assert run(tmp_path / "faces", "--output", tmp_path / "out") == 0
    assert {path.name for path in (tmp_path / "out").glob("*")} >= {"one.html", "two.html", "index.html", "mine.txt"}
    index = (tmp_path / "out/index.html").read_text()
    assert 'href="one.html"' in index and 'href="two.html"' in index
    (tmp_path / "faces/two.jpg").unlink()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/index.html").write_text("mine")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_picture, "explain", lambda *_: pytest.fail("told after the work"))
        assert run(tmp_path / "faces", "--output", tmp_path / "theirs") == 2
    assert "index.html is there and no build wrote it" in capsys.readouterr().err
    assert run(tmp_path / "faces", "--output", tmp_path / "out") == 2  # whose page it could not make again
    assert "holds pages of other pictures (two.html)" in capsys.readouterr().err
    (tmp_path / "out/two.html").unlink()
    assert run(tmp_path / "faces", "--output", tmp_path / "out") == 0
    assert "two.html" not in (tmp_path / "out/index.html").read_text()
    capsys.readouterr()


def test_a_page_goes_alone_to_standard_output(tmp_path: Path) -> None:
    ASTRONAUT.save(tmp_path / "one.png")
    command = [sys.executable, "build.py", "explain", tmp_path / "one.png", "--network", "shipped"]
    done = subprocess.run([*command, "--output", "/dev/stdout"], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.startswith(b"<!doctype html>") and done.stdout.endswith(b"</html>\n")
    assert b"asked: " in done.stderr


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (None, "wanted --output"),
        (f"{'x' * 240}.html", "File name too long"),
        ("taken.html", "something else than a page of explain"),
        ("", "is a folder"),
    ],
)
def test_nothing_of_somebodys_is_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], output: str | None, told: str
) -> None:
    ASTRONAUT.save(tmp_path / "one.png")
    (tmp_path / "taken.html").write_text("<p>mine</p>")
    place = [] if output is None else ["--output", tmp_path / output]
    assert run(tmp_path / "one.png", *place) == 2
    assert told in capsys.readouterr().err
    assert (tmp_path / "taken.html").read_text() == "<p>mine</p>" and len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize(("images", "told"), [("one.png", "takes no page"), ("", "is no folder")])
def test_a_file_that_is_called_as_standard_output_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, images: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ASTRONAUT.save(tmp_path / "one.png")
    (tmp_path / "-").write_text("mine")
    assert run(tmp_path / images, "--output", "-") == 2
    assert told in capsys.readouterr().err and (tmp_path / "-").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.jpg"], "no such file or folder; wanted a picture, or a folder or a zip of them"),
        (["one.png", "two.png"], "one picture, or one folder or zip of them), got one.png two.png"),
    ],
)
def test_pictures_that_are_not_there_are_told_before_torch_is_loaded(
    tmp_path: Path, arguments: list[str], told: str
) -> None:
    code = "import sys, build; status = build.main(sys.argv[1:]); assert 'torch' not in sys.modules; sys.exit(status)"
    command = [sys.executable, "-c", code, "explain", *arguments, "--output", "x.html"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.returncode == 2 and told in done.stderr and not [*tmp_path.iterdir()]


def test_a_table_and_a_broken_picture_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text("pixels\n" + " ".join(["1"] * 2304) + "\n")
    assert run(tmp_path / "t.csv", "--output", tmp_path / "x") == 2
    assert "holds no picture" in capsys.readouterr().err
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    assert run(tmp_path / "broken.png", "--output", tmp_path / "x.html") == 2
    assert "broken.png" in capsys.readouterr().err and not (tmp_path / "x.html").exists()

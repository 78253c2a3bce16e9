"""A data set that shows no faces, from its folder to its page: five kinds of leaves."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

import build
from ferpipe.results import stored
from ferpipe.text import claims
from ferpipe.text.claims import VERDICTS

LEAVES = {"ash": "ellipse", "Birch": "rectangle", "elm": "line", "oak": "triangle", "槐": "ring"}
WORDS = {
    "en": r"\bfac(?:e|es|ial)\b|emotion|expression|happ(?:y|iness)|\bsad(?!inle)|surprise|disgust|\bfear|anger|angry|"
    r"neutral|mouth|\beyes?\b|\bbrows\b|\bnose\b|\bhand\b|\bperson\b|photograph",
    "zh": "脸|情绪|表情|高兴|悲伤|惊讶|厌恶|恐惧|生气|中性|轻蔑|嘴|眼|眉|鼻|照片|五官",
}


def leaf(kind, rng):
    """A picture of 64x48 pixels in colour."""
    image = Image.new("RGB", (64, 48), tuple(map(int, rng.integers(150, 255, 3))))
    x, y, size = (float(v) for v in rng.uniform([28, 20, 0.8], [36, 28, 1.2]))
    colour, draw = tuple(map(int, rng.integers(0, 110, 3))), ImageDraw.Draw(image)
    box = (x - 9 * size, y - 15 * size, x + 9 * size, y + 15 * size)
    if kind == "line":
        draw.line(box, fill=colour, width=7)
    elif kind == "triangle":
        draw.polygon([(x, y - 16 * size), (x + 15 * size, y + 14 * size), (x - 15 * size, y + 14 * size)], fill=colour)
    elif kind == "ring":
        draw.ellipse((x - 15 * size, y - 15 * size, x + 15 * size, y + 15 * size), outline=colour, width=5)
    else:
        getattr(draw, kind)(box, fill=colour)
    noisy = np.asarray(image) + rng.normal(0, 10, (48, 64, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A smoke build of leaves: one class has a single picture, and one forty that are alike."""
    folder, rng = tmp_path_factory.mktemp("leaves"), np.random.default_rng(0)
    for split, n in (("train", 40), ("val", 12)):
        for name, kind in LEAVES.items():
            (folder / "leaves" / split / name).mkdir(parents=True)
            for k in range(1 if (split, name) == ("train", "elm") else n):
                seed = np.random.default_rng(7) if name == "oak" else rng
                leaf(kind, seed).save(folder / "leaves" / split / name / f"{k}.png")
    assert build.main(["--data", str(folder / "leaves"), "--preset", "smoke", f"--artefacts={folder / 'a'}"]) == 0
    return folder / "a" / "leaves"


def told(site, language):
    """The page and what a reader sees of its text."""
    html = (site / language / "index.html").read_text()
    main = html[html.index("<main") : html.index("</main>")]
    return html, re.sub(r'(?:src|href|id|class|data-\w+)="[^"]*"|<code>.*?</code>', "", main)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_speaks_of_pictures_and_names_their_classes(built, language):
    html, main = told(built / "site", language)
    assert re.findall(WORDS[language], main, re.IGNORECASE) == []
    assert all(name in main for name in LEAVES) and "{{" not in main
    for anchor in (
        "settings",
        "saliency",
        "filters",
        "lime",
        "training",
        "run",
        "fig-confusion",
        "table-filter-emotions",
    ):
        assert f'id="{anchor}"' in html, anchor


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_page_speaks_of_pictures_whatever_the_verdicts(built, tmp_path, monkeypatch, verdict):
    """Machines differ in what two hasty networks show, so the text is tried with each verdict on every finding."""
    judged = claims._judged
    monkeypatch.setattr(claims, "_judged", lambda *asked: replace(judged(*asked), verdict=verdict))
    monkeypatch.setattr(claims, "learned", lambda numbers: True)
    call = ["render", "--data", str(built.parents[1] / "leaves"), "--preset", "smoke"]
    assert build.main([*call, f"--artefacts={built.parent}", f"--output={tmp_path / 'site'}"]) == 0
    rows = json.loads((tmp_path / "site" / "claims.json").read_text())
    assert {row["verdict"] for row in rows if "reason" not in row} == {verdict}
    for language, words in WORDS.items():
        assert re.findall(words, told(tmp_path / "site", language)[1], re.IGNORECASE) == [], language


def test_findings_that_do_not_apply_are_counted_and_told(built):
    rows = json.loads((built / "site" / "claims.json").read_text())
    apart = {row["id"]: row["reason"] for row in rows if row["verdict"] == "not applicable"}
    assert apart["locates-face"] == "no picture shows a face"
    assert apart["best-classes"].startswith("there is no class happy, there is no class surprise")
    assert len(rows) == 24 and {row["id"] for row in rows if "reason" in row} == apart.keys()
    html = (built / "site" / "en" / "index.html").read_text()
    assert re.search(rf"Of the 24 findings this run upholds \d+, .* leaves out\s+{len(apart)},", html, re.DOTALL)
    assert not any(f'id="claim-{name}"' in html for name in apart)


def test_what_needs_a_face_has_no_result_and_a_mean_that_is_a_picture_is_left_out(built):
    results = built / "results" / "leaves"
    assert not any((results / name).exists() for name in ("elsewhere", "shortcut", "dissection"))
    data = stored.read(results / "data")
    assert (data.classes, data.shows, data.restricted) == (list(LEAVES), "picture", True)
    assert data.splits["train"].counts == [40, 40, 1, 40, 40]
    assert data.mean_faces_n == [40, 40, 0, 0, 40]  # one elm, and oaks that are all alike
    assert not data.arrays.mean_faces[[2, 3]].any() and data.private is None


def test_a_network_of_leaves_tells_leaves(built, capsys):
    folder = built.parents[1]
    asked = ["--load", str(built / "members"), f"--artefacts={folder / 'a'}"]
    assert build.main(["predict", str(folder / "leaves" / "val" / "oak"), *asked, "--output", "-"]) == 0
    head, *rows = capsys.readouterr().out.split()
    assert head == "id,class" and {row.split(",")[1] for row in rows} <= set(LEAVES) and len(rows) == 12


def test_another_folder_of_the_same_name_replaces_nothing(built, tmp_path, capsys):
    folder = built.parents[1]
    (tmp_path / "leaves").symlink_to(folder / "leaves" / "val")
    call = ["--data", str(tmp_path / "leaves"), "--preset", "smoke", f"--artefacts={folder / 'a'}"]
    for more in ([], ["--name", "leaves"]):
        assert build.main([*call, *more]) == 2
        assert "give it another name with --name" in capsys.readouterr().err
    assert build.main([*call, "--name", "fer2013"]) == 2
    assert "is called fer2013, which is another" in capsys.readouterr().err

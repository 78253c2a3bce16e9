from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest
import synthetic
from conftest import ADDRESS, Trial

from ferpipe.errors import Slip
from ferpipe.render.site import recipe, render
from ferpipe.render.walk import walk
from ferpipe.results import stored
from ferpipe.text.problems import Problems

SECTIONS = {"settings", "saliency", "filters", "lime", "training", "use", "run", "introduction", "data", "confusion"}
FIGURES = {
    f"fig-{name}"
    for name in (
        "saliency",
        "conv1-filters",
        "stage-filters",
        "conv1-outputs",
        "confusion",
        "lime-correct",
        "lime-wrong",
        "curves",
        "faces",
        "ensemble",
    )
}
TABLES = {"table-filter-emotions", "table-settings", "table-accuracies"}


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.parametrize("page", ["en", "zh", "fer2013/en", "fer2013/zh"])
def test_every_anchor_of_the_contract_is_on_every_page(site: Path, page: str) -> None:
    found = walk((site / page / "index.html").read_text(encoding="utf-8"))
    assert found.ids >= SECTIONS | FIGURES | TABLES
    assert not found.twice


def test_both_languages_have_the_same_anchors(site: Path) -> None:
    english, chinese = (walk((site / lang / "index.html").read_text(encoding="utf-8")).ids for lang in ("en", "zh"))
    assert english == chinese


def test_figures_are_numbered_in_each_language(site: Path) -> None:
    english, chinese = ((site / lang / "index.html").read_text(encoding="utf-8") for lang in ("en", "zh"))
    for html, word in ((english, "Figure"), (chinese, "图")):
        own = [int(n) for n in re.findall(rf'<span class="numbered">{word} (\d+)</span>', html)]
        assert own == list(range(1, len(own) + 1))
        place = html[html.index('<figure id="fig-saliency"') :]
        number = re.search(rf'<span class="numbered">{word} (\d+)</span>', place)
        assert number and f'<a class="reference" href="#fig-saliency">{word} {number[1]}</a>' in html
    assert '<span class="numbered">表 3</span>' in chinese


def test_a_tab_knows_which_sections_the_other_page_lacks(site: Path) -> None:
    pages = [(site / place / "index.html").read_text() for place in ("en", "fer2013/en")]
    here, there = (set(re.findall(r'<section id="([\w-]+)"', page)) for page in pages)
    lacks = re.findall(r'<nav class="tabs".*?</nav>', pages[0], re.DOTALL)[0]
    assert set(re.findall(r'data-lacks="([^"]+)"', lacks)[0].split()) == here - there != set()


def test_the_site_holds_what_the_contract_names(site: Path) -> None:
    for name in ("index.html", ".nojekyll", "numbers.json", "claims.json", "provenance.json", "fer2013/numbers.json"):
        assert (site / name).is_file(), name
    claims = json.loads((site / "claims.json").read_bytes())
    assert {claim["edition"] for claim in claims} == {"rendered", "fer2013"} and len(claims) == 48
    provenance = json.loads((site / "provenance.json").read_bytes())
    assert provenance["editions"]["rendered"]["lime"]["recipe"]["parameters"] == {"seed": 0}
    assert provenance["outdated"] == {"rendered": {}, "fer2013": {}}


def test_numbers_stand_under_the_paths_of_the_text(site: Path) -> None:
    numbers = json.loads((site / "numbers.json").read_bytes())
    accuracy = stored.read(synthetic.COMMITTED / "rendered" / "confusion").accuracy
    assert numbers["confusion.accuracy.value"] == accuracy.value
    assert numbers["confusion.accuracy.interval[1]"] == accuracy.interval[1]
    assert numbers["original.dev_accuracy"] == 0.6803
    assert not any(isinstance(value, dict | list) for value in numbers.values())


def test_equal_input_gives_equal_bytes_with_and_without_the_cache(made: Path, tmp_path: Path) -> None:
    Trial(made).render(tmp_path / "cached", editions=["rendered", "fer2013"])
    both = ["rendered", "fer2013"]
    render(made / "results", tmp_path / "fresh", artefacts=tmp_path / "new", editions=both, address=ADDRESS)
    assert digests(tmp_path / "cached") == digests(tmp_path / "fresh") == digests(made / "site")


def test_nothing_of_the_building_machine_is_in_the_site(made: Path) -> None:
    for path in (p for p in (made / "site").rglob("*") if p.suffix in (".html", ".json", ".svg", ".csv")):
        assert str(made) not in path.read_text(encoding="utf-8"), path


def test_a_stale_file_of_an_earlier_build_does_not_survive(trial: Trial, tmp_path: Path) -> None:
    output = tmp_path / "site"
    trial.render(output, editions=["rendered", "fer2013"])
    (output / "assets/fer2013/mine.png").write_bytes(b"mine")
    (output / "CNAME").write_text("example.org")
    trial.render(output, editions=["rendered"])
    assert not (output / "fer2013").exists()
    assert [path.name for path in (output / "assets/fer2013").iterdir()] == ["mine.png"]
    assert (output / "CNAME").read_text() == "example.org"


def test_a_folder_that_is_not_ours_is_left_alone(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "index.html").write_text("mine")
    with pytest.raises(Slip, match="thesis"):
        trial.render(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "index.html").read_text() == "mine"


def test_a_data_set_without_results_is_named(trial: Trial, tmp_path: Path) -> None:
    with pytest.raises(Slip, match=r"'fer2031'.*fer2013, rendered"):
        trial.render(tmp_path / "site", editions=["fer2031"])


def test_an_edition_without_results_is_left_out_unless_it_is_asked_for(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "results")
    render(tmp_path / "results", tmp_path / "site", artefacts=tmp_path / "artefacts", strict=True)
    assert {page.parent.parent.name for page in (tmp_path / "site").rglob("*/index.html")} == {"site"}
    with pytest.raises(Slip, match="no results of data set 'fer2013'"):
        render(
            tmp_path / "results", tmp_path / "two", artefacts=tmp_path / "artefacts", editions=["rendered", "fer2013"]
        )


def test_editions_link_to_each_other_and_are_in_the_chooser(site: Path) -> None:
    first = walk((site / "en" / "index.html").read_text(encoding="utf-8"))
    second = walk((site / "fer2013" / "zh" / "index.html").read_text(encoding="utf-8"))
    chooser = walk((site / "index.html").read_text(encoding="utf-8"))
    assert "../fer2013/en/index.html" in dict(first.links)
    assert "../../zh/index.html" in dict(second.links)
    assert set(dict(chooser.links)) == {f"{e}{lang}/index.html" for e in ("", "fer2013/") for lang in ("en", "zh")}


def test_a_published_edition_of_a_restricted_data_set_shows_no_face(site: Path) -> None:
    names = {path.name for path in (site / "assets" / "fer2013").iterdir()}
    assert not {name for name in names if name.startswith("face-") or name == "faces-happy.webp"}
    page = (site / "fer2013" / "en" / "index.html").read_text(encoding="utf-8")
    assert "Single faces of this data set may not be published" in page


def test_the_local_page_shows_faces_and_says_that_it_is_local(made: Path) -> None:
    page = (made / "local" / "zh" / "index.html").read_text(encoding="utf-8")
    assert "本地页面：不得发布" in page
    faces = {path.name for path in (made / "local" / "assets" / "fer2013").glob("face-*.webp")}
    assert faces and all(name in page for name in faces)
    means = "不展示任何人的脸"
    assert means in (made / "site" / "fer2013" / "zh" / "index.html").read_text(encoding="utf-8")
    assert means not in page
    assert 'hreflang="x-default"' not in page


@pytest.mark.parametrize("page", ["en", "zh", "fer2013/en", "fer2013/zh"])
def test_what_such_a_network_must_not_be_used_for_is_told(site: Path, page: str) -> None:
    text = (site / page / "index.html").read_text(encoding="utf-8")
    assert ("Article 5(1)(f)" if page.endswith("en") else "第 5 条第 1 款 (f) 项") in text


def test_a_section_and_a_figure_may_be_of_one_edition_alone(trial: Trial, tmp_path: Path) -> None:
    shutil.copytree(trial.results, tmp_path / "results")
    shutil.rmtree(tmp_path / "results" / "fer2013" / "dissection")
    trial.results = tmp_path / "results"
    path = trial.report / "sections" / "dissection.md"
    front = path.read_text(encoding="utf-8").partition("\n+++\n")[0] + "\n+++\n"
    body = '{% if edition.name == "rendered" %}\n\n[[dissection]]\n\n{% endif %}\n'
    path.write_text(f"{front}<!-- en -->\n{body}<!-- zh -->\n{body}", encoding="utf-8")
    trial.render(tmp_path / "site", editions=["rendered", "fer2013"], strict=True)
    first, second = (
        walk((tmp_path / "site" / p / "index.html").read_text(encoding="utf-8")) for p in ("en", "fer2013/en")
    )
    assert {"dissection", "table-dissection"} <= first.ids
    assert not {"dissection", "table-dissection"} & second.ids
    assert "#dissection" not in dict(second.links)


def test_what_a_restricted_data_set_lacks_is_left_out_and_told_and_only_a_release_refuses_it(
    trial: Trial, tmp_path: Path
) -> None:
    shutil.copytree(trial.results, tmp_path / "results")
    trial.results = tmp_path / "results"
    shutil.rmtree(trial.results / "fer2013" / "curves")
    record = trial.results / "fer2013" / "lime" / "recipe.json"
    record.write_text(record.read_text().replace('"ferpipe.analyses.lime": "', '"ferpipe.analyses.lime": "0'))
    both = ["rendered", "fer2013"]
    made = trial.render(tmp_path / "site", editions=both, strict=True)
    assert made.notes == ("fer2013: older than the code: lime", "fer2013: left out for want of a result: curves")
    pages = [walk((tmp_path / "site" / p / "index.html").read_text(encoding="utf-8")) for p in ("en", "fer2013/en")]
    assert "fig-curves" in pages[0].ids and "fig-curves" not in pages[1].ids
    assert {"training", "fig-saliency", "claim-early-stop"} <= pages[1].ids
    origin = json.loads((tmp_path / "site" / "provenance.json").read_bytes())
    assert origin["outdated"]["fer2013"] == {"curves": "has no result", "lime": "analyses/lime.py was edited"}
    with pytest.raises(Problems) as told:
        trial.render(tmp_path / "release", editions=both, release=True)
    assert len(told.value.problems) == 2 and not (tmp_path / "release").exists()


@pytest.mark.parametrize("strict", [True, False])
def test_results_that_anybody_can_make_must_be_of_this_code(trial: Trial, tmp_path: Path, strict: bool) -> None:
    shutil.copytree(trial.results, tmp_path / "results")
    trial.results = tmp_path / "results"
    record = trial.results / "rendered" / "lime" / "recipe.json"
    record.write_text(record.read_text().replace('"ferpipe.networks.resnet": "', '"ferpipe.networks.resnet": "0'))
    if not strict:
        made = trial.render(tmp_path / "site", editions=["rendered"])
        assert made.notes == ("rendered: older than the code: lime",)
        return
    with pytest.raises(Problems) as told:
        trial.render(tmp_path / "site", editions=["rendered"], strict=True)
    (problem,) = told.value.problems
    assert problem.startswith("results/rendered/lime: networks/resnet.py was edited since;")


def test_fewer_faces_than_wanted_are_told(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "results", found=1)
    render(tmp_path / "results", tmp_path / "site", artefacts=tmp_path / "artefacts", strict=True)
    assert "This run had 1 of the 4 faces wanted." in (tmp_path / "site/en/index.html").read_text(encoding="utf-8")


def test_no_faces_at_all_are_told(tmp_path: Path) -> None:
    synthetic.write(tmp_path / "results", found=0)
    render(tmp_path / "results", tmp_path / "site", artefacts=tmp_path / "artefacts", strict=True)
    assert "本次运行中没有找到这样的人脸。" in (tmp_path / "site/zh/index.html").read_text(encoding="utf-8")


def test_the_recipe_changes_with_text_and_results_and_with_nothing_else(trial: Trial, tmp_path: Path) -> None:
    shutil.copytree(trial.results, tmp_path / "results")

    def now() -> dict[str, object]:
        return recipe(tmp_path / "results", artefacts=trial.artefacts, report=trial.report)

    first = now()
    assert first == now()
    section = trial.report / "sections" / "run.md"
    section.write_text(section.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    second = now()
    assert {key for key in first if first[key] != second[key]} == {"report"}
    numbers = tmp_path / "results" / "rendered" / "confusion" / "numbers.json"
    numbers.write_bytes(numbers.read_bytes() + b" ")
    assert {key for key in first if second[key] != now()[key]} == {"results/rendered"}


def test_the_recipe_knows_the_code_of_every_drawer(trial: Trial) -> None:
    code = recipe(trial.results, artefacts=trial.artefacts)["code"]
    assert {
        "ferpipe.figures.curves",
        "ferpipe.drawing.colours",
        "ferpipe.text.formats",
        "ferpipe.render.page",
    } <= code.keys()


def test_a_file_that_stays_is_left_alone_and_one_that_was_changed_in_place_is_written_anew(made, tmp_path):
    output, style, script = tmp_path / "site", "assets/report.css", "assets/report.js"
    trial = Trial(made)
    trial.render(output, editions=["rendered"])
    before = {name: (output / name).read_bytes() for name in (style, script)}
    inode = (output / style).stat().st_ino
    (output / script).write_bytes(before[script].replace(b"a", b"b", 1))
    trial.render(output, editions=["rendered"])
    assert {name: (output / name).read_bytes() for name in before} == before
    assert (output / style).stat().st_ino == inode
    assert {path.stat().st_nlink for path in output.rglob("*") if path.is_file()} == {1}

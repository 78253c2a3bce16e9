"""What a text asks for and no result can have is found from the types of results alone."""

import shutil

import pytest

import build
from ferpipe.analyses import ANALYSES
from ferpipe.build.options import ROOT
from ferpipe.results import common, confusion, stored
from ferpipe.text import paths, report
from ferpipe.text.section import Claim, Passage, Section


def told(text):
    passage = Passage(text, "report/sections/x.md", 10)
    return paths.problems([Section("x", "report/sections/x.md", {}, {"en": passage}, ())], ANALYSES)


def test_the_report_asks_for_nothing_that_no_result_has(capsys):
    assert build.main(["check"]) == 0
    assert "results have every number" in capsys.readouterr().out
    assert paths.check(ROOT / "report", ANALYSES).startswith(f"{len(report.read(ROOT / 'report').sections)} sections")


@pytest.mark.parametrize(("text", "expected"), [
    ("{{ confusion.acuracy.value }}", "unknown number 'acuracy' of Confusion (did you mean 'accuracy'?)"),
    ("{{ confusion.recall[3].valeu }}", "unknown number 'valeu' of Estimate (did you mean 'value'?)"),
    ("{% for pair in confusion.confused %}{{ pair.labels }}{% endfor %}", "unknown number 'labels' of Confused"),
    ("{{ (confusion.confused | first).predicted | emotion }}", "unknown number 'predicted' of Confused"),
    ("{{ lime.right | map(attribute='r3') | min | percent }}", "unknown number 'r3' of Explained"),
    ("{{ filters.pictures | map('map', attribute='ration') }}", "unknown number 'ration' of Picture"),
    ("{{ filters.pictures[0] | map(attribute='ratios') }}", "unknown number 'ratios' of Picture"),
    ("{{ selectivity.zeroing.filters | selectattr('hlom', 'lt', 1) }}", "unknown number 'hlom' of Zeroed"),
    ("{{ scores.methods[scores.trusted].diference }}", "unknown number 'diference' of Score"),
    ("{% set one = atlas.share.mouth %}{{ one.by_answers }}", "unknown number 'by_answers' of Region"),
    ("{{ shortcut.methods[scores.trusted][scores.criterion].valeu }}", "unknown number 'valeu' of Estimate"),
    ("{{ (confusion.accuracy or confusion.accuracy).valeu }}", "unknown number 'valeu' of Estimate"),
    ("{{ (confusion.accuracy if confusion.n else none).valeu }}", "unknown number 'valeu' of Estimate"),
    ("{% with best = confusion.best %}{{ best.valuse }}{% endwith %}", "unknown number 'valuse' of Across"),
    ("{{ data.splits.dev.m }}", "unknown number 'm' of Size"),
    ("{{ saliency.share.mouht.value }}", "unknown number 'mouht' (did you mean 'mouth'?)"),
    ("{{ scores.methods['lame'].seeds.value }}", "unknown number 'lame' (did you mean 'lime'?)"),
    ("{{ audit.near.across.dev_train.groups }}", "unknown number 'dev_train'"),
    ("{{ data.arrays.mean_faces }}", "unknown number 'arrays' of Data"),  # no number
    ("{{ confusion.n.value }}", "<class 'int'> has no part 'value'"),
    ("{{ confusion.recall.value }}", "has no part 'value'"),
    ("{{ confussion.n }}", "unknown number 'confussion' (did you mean 'confusion'?)"),
    ("{{ claims.no_such.holds }}", "unknown number 'no_such'"),
    ("{% if edition.face %}{% endif %}", "unknown number 'face' (did you mean 'faces'?)"),
    ("{{ original.bset }}", "unknown number 'bset' of Original (did you mean 'best'?)"),
])  # fmt: skip
def test_each_way_to_a_number_is_followed_and_told_with_its_line(text, expected):
    (line,) = told(f"first\n{text}")
    assert line.startswith("report/sections/x.md:11: ") and expected in line


@pytest.mark.parametrize("text", [
    "{{ confusion.accuracy.interval[0] | percent }}",
    "{{ confusion.best.values | mean | points }}",
    "{% for pair in confusion.confused %}{{ pair.share }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{{ curves.overfitted.dev_loss[curves.overfitted.best - 1] | number }}",
    "{% if data.notes.wrong_labels is defined %}{{ data.notes.wrong_labels.dev | percent }}{% endif %}",
    "{{ range(3) | list }} {{ agreement.same }} {{ settings.parameters.anything }}",
    "{{ broken",  # told where it is filled in
])  # fmt: skip
def test_what_results_can_have_is_not_told(text):
    assert told(text) == []


@pytest.mark.parametrize(("statistic", "got"), [
    ("light.n", "got int"),
    ("confusion.accuracy", "got Estimate"),  # of one network
    ("confusion.best", None),
    ("light.done.dark", None),
    ("confusion.best if confusion.n else none", "got an expression"),
])  # fmt: skip
def test_a_claim_rests_on_a_statistic_over_networks(statistic, got):
    place = "report/sections/x.md"
    parts = {key: Passage(text, place, 3) for key, text in (("statistic", statistic), ("threshold", "0"))}
    claim = Claim("a", "", **parts, side="above", unit="number", about="data", figure="", family="",
                  needs=(), finding={}, original={}, why={})  # fmt: skip
    lines = paths.problems([Section("x", place, {}, {}, (), claims=(claim,))], ANALYSES)
    wanted = f"{place}:3: claim 'a': wanted a statistic over networks (Across), {got}"
    assert lines == ([wanted] if got else [])


def test_a_field_that_is_renamed_is_told_wherever_a_section_asks_for_it(monkeypatch):
    stored.hints.cache_clear()
    renamed = {"labels" if name == "label" else name: hint for name, hint in stored.hints(confusion.Confused).items()}
    usual = stored.hints
    monkeypatch.setattr(stored, "hints", lambda cls: renamed if cls is confusion.Confused else usual(cls))
    with pytest.raises(paths.Problems) as slip:
        paths.check(ROOT / "report", ANALYSES)
    assert len(slip.value.problems) >= 4
    assert all(line.startswith("report/sections/confusion.md:") for line in slip.value.problems)
    assert all("unknown number 'label' of Confused" in line for line in slip.value.problems)


def test_every_result_of_ours_says_what_may_be_published():
    for analysis in ANALYSES:
        kinds = stored.kinds(analysis)
        assert common.SINGLE not in ([kinds] if isinstance(kinds, str) else kinds.values()), analysis


@pytest.mark.parametrize("text", [
    "{% set a, b = (1, 2) %}{{ a.x }}",
    "{% with confusion = confusion.accuracy %}{{ confusion.value }}{% endwith %}{{ confusion.n }}",
    "{% for light in lime.right %}{{ light.r2 }}{% endfor %}{{ light.contrast.difference }}",
    "{{ confusion.confused | sort(attribute='share,count') | length }}",
    "{{ light" + ".a" * 1500 + " }}",  # too deep to be read: told where it is filled in
])  # fmt: skip
def test_what_binds_a_name_is_not_taken_for_a_result(text):
    assert told(text) == []


def test_a_template_asks_for_nothing_that_the_settings_and_the_original_do_not_have(tmp_path):
    assert paths.framed(ROOT / "templates") == []
    (tmp_path / "page.html").write_text("<p>\n{{ edition.settings.divice }} {{ report.original.title.upper() }}\n"
                                        "{% for name in edition.settings.versions.items() %}{% endfor %}")  # fmt: skip
    (line,) = paths.framed(tmp_path)
    assert line == "templates/page.html:2: unknown number 'divice' of Settings (did you mean 'device'?)"


def test_a_section_that_cannot_be_read_is_told_by_the_check_too(tmp_path):
    shutil.copytree(ROOT / "report", tmp_path / "report", ignore=shutil.ignore_patterns("results"))
    (tmp_path / "report/sections/light.md").unlink()
    with pytest.raises(paths.Problems, match="mend the above") as slip:
        paths.check(tmp_path / "report", ANALYSES)
    assert "report/sections/light.md: missing" in slip.value.problems[0]
    assert "nothing was written" not in str(slip.value)


def test_what_one_language_lacks_and_a_typed_number_are_told_by_the_check_too(tmp_path):
    shutil.copytree(ROOT / "report", tmp_path / "report", ignore=shutil.ignore_patterns("results"))
    light = tmp_path / "report/sections/light.md"
    light.write_text(light.read_text() + "\n{% if edition.local %}共 37 张{% endif %}\n")
    with pytest.raises(paths.Problems) as slip:
        paths.check(tmp_path / "report", ANALYSES)
    assert any("test 'if edition.local' stands in 'zh' alone" in line for line in slip.value.problems)
    assert any("'37' is typed" in line for line in slip.value.problems) and len(slip.value.problems) == 2

"""What the story is told with: numbers that name their place, verdicts in words, sparks, citations, the palette."""

import re

import pytest
from languages import EN, ZH

from ferpipe.errors import Slip
from ferpipe.text import palette, references
from ferpipe.text.chapters import Writer, places
from ferpipe.text.claims import SIGNS
from ferpipe.text.section import read
from ferpipe.text.sparks import WIDTH, spark

BIB = """@article{one2014, author = {One, A. and Two, B.}, title = {First}, journal = {J}, year = {2014},
         doi = {10.1/x}}
@book{two2015, author = {Two, B.}, title = {{RISE}}, publisher = {P}, year = {2015}}
"""


def section(tmp_path, en, zh=None):
    path = tmp_path / "s.md"
    path.write_text(f'+++\n[title]\nen = "T"\nzh = "题"\n+++\n<!-- en -->\n{en}\n<!-- zh -->\n{zh or en}\n')
    made, problems = read(path, "s.md", ("en", "zh"))
    assert not problems
    return made


def body(tmp_path, text, values, works=None, language=EN):
    writer = Writer(language, [section(tmp_path, text)], values, works=works)
    assert not writer.problems
    return writer


def claim(verdict="holds", networks=5, past=5):
    tests = {name: name == verdict for name in ("holds", "fails", "undecided")}
    known = {"values": [0.1] * networks, "networks": networks, "past": past, "untrained": False, "control": None}
    return {"claims": {"a_b": {"verdict": verdict, **tests, **known, "threshold": 0.0}}}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{number:a.b | percent}", "a.b"),
        ("{number:a.list[1] | percent}", "a.list[1]"),
        ("{number:a.by[a.key] | percent}", "a.by.k"),
    ],
)
def test_a_number_names_its_place_in_numbers_json(tmp_path, text, place):
    values = {"a": {"b": 0.25, "list": [0, 0.25], "by": {"k": 0.25}, "key": "k"}}
    html = body(tmp_path, f"So {text}.", values).chapters[0].body
    assert f'<b data-path="{place}">25.0%</b>' in html


def test_a_number_that_there_is_not_is_told_with_its_line(tmp_path):
    writer = Writer(EN, [section(tmp_path, "One.\n\n{number:a.bc | percent}")], {"a": {"bcd": 1}})
    assert writer.problems == ["s.md:9: unknown number 'a.bc' (did you mean 'a.bcd'?)"]


@pytest.mark.parametrize(
    ("verdict", "past", "told"),
    [
        ("holds", 5, f"{SIGNS['holds']} holds in 5 of 5"),
        ("fails", 1, f"{SIGNS['fails']} does not hold in 4 of 5"),
        ("undecided", 3, "? undecided"),
    ],
)
def test_a_verdict_in_words_counts_the_networks_that_it_speaks_of(tmp_path, verdict, past, told):
    html = body(tmp_path, "It is so {verdict:a-b}", claim(verdict, past=past)).chapters[0].body
    assert f'<a class="pill {verdict}" href="#claim-a-b">' in html
    said = re.sub(r"<[^>]+>", "", html)
    assert told in said and ("networks" in said) == (verdict != "undecided")


@pytest.mark.parametrize("language", [EN, ZH], ids=["en", "zh"])
def test_a_spark_has_a_dot_for_each_network_a_ring_and_a_threshold_and_says_so(language):
    numbers = {"values": [0.1, 0.2, 0.3], "control": 0.05, "threshold": 0.0}
    html = spark(language, numbers, "gain", "points")
    assert html.count('class="network"') == 3 and html.count('class="untrained"') == 1
    places = [float(x) for x in re.findall(r'network" cx="([\d.]+)"', html)]
    assert places == sorted(places) and places[0] > float(re.search(r'bar" x1="([\d.]+)"', html)[1])
    label = re.search(r'aria-label="([^"]*)"', html)[1]
    assert all(number in label for number in ("+10.0", "+20.0", "+30.0", "+5.0", "0.0"))


def test_a_spark_of_a_claim_has_its_interval_as_a_band_which_stays_inside():
    numbers = {"values": [0.1, 0.2, 0.3], "interval": [-0.1, 0.5], "control": None, "threshold": 0.0}
    html = spark(EN, numbers, "gain", "points")
    ends = re.search(r'class="band" x1="([\d.]+)" x2="([\d.]+)"', html)
    left, right = float(ends[1]), float(ends[2])
    assert 0 < left < float(re.search(r'bar" x1="([\d.]+)"', html)[1]) < right < WIDTH
    assert "mean of other networks: −10.0 to +50.0 points" in html.replace("\xa0", " ")
    for other in ({"interval": None}, {"values": [0.1, 0.2]}):  # of two networks it is not that of others' mean
        assert 'class="band"' not in spark(EN, {**numbers, **other}, "gain", "points")


def test_a_spark_of_a_statistic_over_networks_is_held_to_zero_and_one_of_nothing_is_none():
    assert 'class="bar"' in spark(EN, {"values": [1.0, 2.0], "control": [], "errors": [0, 0]}, "gain")
    assert not spark(EN, {"values": [], "control": None, "threshold": 0.0}, "gain")
    assert not spark(EN, {"values": [1.0], "control": None, "threshold": None}, "gain")


def labels(html):
    return re.findall(r'class="(threshold|mean)" x="([\d.]+)" y="\d+" text-anchor="(\w+)">([^<]*)<', html)


def test_the_labels_of_a_spark_stand_apart_where_their_places_do_not():
    far = labels(spark(EN, {"values": [0.5], "control": 0.9, "threshold": 0.0}, "gain", "points"))
    assert [(kind, text) for kind, _, _, text in far] == [("threshold", "0.0\xa0points"), ("mean", "+50.0\xa0points")]
    near = labels(spark(EN, {"values": [-0.5, 0.51], "control": 0.6, "threshold": 0.0}, "gain"))
    assert [(kind, anchor) for kind, _, anchor, _ in near] == [("threshold", "end"), ("mean", "start")]
    assert float(near[0][1]) < float(near[1][1])
    below = labels(spark(EN, {"values": [-0.5, 0.49], "control": 0.6, "threshold": 0.0}, "gain"))
    assert [(kind, anchor) for kind, _, anchor, _ in below] == [("mean", "end"), ("threshold", "start")]
    for values, control, kinds in (([0.01], 1.0, ["threshold", "mean"]), ([-0.01], -1.0, ["mean", "threshold"])):
        edge = labels(spark(EN, {"values": values, "control": control, "threshold": 0.0}, "gain"))
        assert [kind for kind, *_ in edge] == kinds
        (_, left, _, text), (_, right, _, other) = edge
        assert float(left) - 7 * len(text) >= 0 and float(right) + 7 * len(other) <= WIDTH


def test_the_labels_of_a_spark_do_not_leave_it_in_chinese_either():
    numbers = {"values": [-0.02, -0.1, -0.05, 0.04, 0.05], "control": -0.17, "threshold": 0.0}
    for _, x, anchor, text in labels(spark(ZH, numbers, "classes", "points")):
        width = sum(12 if letter > "\u2fff" else 7 for letter in text)
        left = float(x) - {"start": 0, "middle": width / 2, "end": width}[anchor]
        assert left >= 0 and left + width <= WIDTH, text


def test_works_are_numbered_as_the_page_cites_them_and_listed_with_their_doi(tmp_path):
    (tmp_path / "references.bib").write_text(BIB)
    works = references.read(tmp_path)
    writer = body(tmp_path, "Two {cite:two2015} and one {cite:one2014}, two again {cite:two2015}.", {}, works)
    text, listed = writer.chapters[0].body, writer.chapters[-1]
    assert re.findall(r'href="#ref-([^"]+)">\[(\d)\]', text) == [("two2015", "1"), ("one2014", "2"), ("two2015", "1")]
    assert listed.name == "references" and listed.body.index("ref-two2015") < listed.body.index("ref-one2014")
    assert 'id="ref-one2014" lang="en"' in listed.body
    assert 'lang="zh-Hans">周志华' in references.listed({"zhou": "周志华. 机器学习."}, {"zhou": 1})
    assert 'href="https://doi.org/10.1/x"' in listed.body and "RISE" in listed.body and "bibtex" not in listed.body


def test_without_a_citation_there_is_no_list_of_references(tmp_path):
    assert [chapter.name for chapter in body(tmp_path, "Nothing.", {}).chapters] == ["s"]


def test_a_work_that_there_is_not_is_told_with_the_nearest_one(tmp_path):
    made = section(tmp_path, "See {cite:one2015}.")
    assert places([made], ("en",), {"one2014": ""}) == ["s.md:7: unknown work 'one2015' (did you mean 'one2014'?)"]


@pytest.mark.parametrize("text", ["@article{x, author = {", "@article{x, title = {No author or year}}\n@nonsense"])
def test_a_broken_bib_file_is_told_in_one_line(tmp_path, text):
    (tmp_path / "references.bib").write_text(text)
    with pytest.raises(Slip, match=r"references.bib cannot be read") as told:
        references.read(tmp_path)
    assert "\n" not in str(told.value)


def test_other_colours_reach_plots_and_the_style_sheet():
    others = {"accent": ["#000001", "#000002"], "warm": ["#1d5fa8", "#000003"]}  # one that another one has by default
    svg = b'<path stroke="#1d5fa8"/><path fill="#a34a07"/>[fill="#1d5fa8"]{fill:#7db5ec}'
    made = palette.recoloured(svg, others)
    assert made == b'<path stroke="#000001"/><path fill="#1d5fa8"/>[fill="#000001"]{fill:#000002}'
    assert "--accent: light-dark(#000001, #000002);" in palette.sheet({**palette.PALETTE, **others})

"""Claims decided from made-up numbers: verdicts, families, forms, and the lines that tell what is wrong."""

import math
from dataclasses import replace

import pytest

from ferpipe.text import claims, loose
from ferpipe.text.section import read

CLAIM = """
[claims.{id}]
statistic = "{statistic}"
threshold = "{threshold}"
side = "{side}"
unit = "points"
about = "{about}"
figure = "fig:x"
family = "{family}"
finding = {{ en = "It is so", zh = "如此" }}
original = {{ en = "It is so", zh = "如此" }}
why = {{ en = "Because", zh = "因为" }}
"""
TEXT = "{{% if claims.{id}.holds %}}yes{{% elif claims.{id}.fails %}}no{{% else %}}perhaps{{% endif %}} {{claim:{id}}}"


def front(id="a", statistic="x.gain", threshold="0", side="above", family="", about="data"):
    return CLAIM.format(id=id, statistic=statistic, threshold=threshold, side=side, family=family, about=about)


def section(tmp_path, declared, text=None, zh=None):
    text = TEXT.format(id="a") if text is None else text
    path = tmp_path / "s.md"
    head = '+++\n[title]\nen = "T"\nzh = "题"\n'
    path.write_text(f"{head}{declared}+++\n<!-- en -->\n{text}\n<!-- zh -->\n{text if zh is None else zh}\n")
    return read(path, "s.md", ("en", "zh"))


def gain(value, spread=0.01, control=()):
    """A statistic of five networks about a value."""
    values = [value + spread * step for step in (-1, -0.5, 0, 0.5, 1)]
    found = {"values": values, "errors": [0.001] * 5, "error": 0.0, "n": 100, "control": list(control), "fisher": False}
    return {"x": {"gain": found}}


def judge(tmp_path, numbers, declared=None):
    problems = []
    made, wrong = section(tmp_path, front() if declared is None else declared)
    assert not wrong
    return claims.judged([made], numbers, problems), problems


@pytest.mark.parametrize(
    ("value", "spread", "side", "verdict"),
    [
        (0.05, 0.01, "above", "holds"),
        (-0.05, 0.01, "above", "fails"),
        (0.05, 0.1, "above", "undecided"),
        (0.05, 0.01, "below", "fails"),
        (-0.05, 0.01, "below", "holds"),
        (-0.05, 0.1, "below", "undecided"),
    ],
)
def test_a_verdict_and_its_numbers(tmp_path, value, spread, side, verdict):
    (found,), problems = judge(tmp_path, gain(value, spread), front(side=side))
    numbers = found.numbers()
    assert (found.verdict, numbers["n"], numbers["networks"], problems) == (verdict, 100, 5, [])
    assert numbers["value"] == pytest.approx(value) and numbers["interval"][0] < value < numbers["interval"][1]
    assert sum(numbers[name] for name in claims.VERDICTS) == 1 and numbers[verdict]
    assert numbers["smallest"] == pytest.approx(value - numbers["interval"][0])


def test_a_record_tells_other_programs_all_of_it(tmp_path):
    (found,), _ = judge(tmp_path, gain(0.05, control=(0.014, 0.015, 0.016)), front(about="learned"))
    record = found.record()
    assert (record["path"], record["networks"], record["past"], record["about"]) == ("x.gain.values", 5, 5, "learned")
    assert record["values"] == pytest.approx([0.04, 0.045, 0.05, 0.055, 0.06])
    assert record["control"]["value"] == pytest.approx(0.015) and record["bar"] == pytest.approx(0.015)
    low, high = record["control"]["interval"]
    assert low < 0.015 < high
    assert found.untrained and found.bound  # which are past the threshold as well
    (found,), _ = judge(tmp_path, gain(0.05, control=(0.0, 0.03)), front(about="learned"))
    assert found.bound and not found.untrained  # on average they are, but not clearly
    (found,), _ = judge(tmp_path, gain(0.05, control=(0.001, 0.03)), front(about="learned"))
    assert found.untrained  # two have no interval worth the name, and both are past it


def test_a_threshold_that_binds_is_returned_as_it_was_set(tmp_path):
    correlations = gain(0.9)
    correlations["x"]["gain"]["fisher"] = True
    (found,), _ = judge(tmp_path, correlations, front(threshold="0.5"))
    assert found.record()["bar"] == 0.5 and not found.bound  # and not what two roundings made of it


@pytest.mark.parametrize("about", ["learned", "data", "architecture"])
def test_untrained_networks_set_the_bar_of_what_is_learned_alone(tmp_path, about):
    (found,), _ = judge(tmp_path, gain(0.05, control=(0.0501, 0.0502)), front(about=about))
    assert found.verdict == ("undecided" if about == "learned" else "holds")


def test_the_interval_of_untrained_networks(tmp_path):
    (found,), _ = judge(tmp_path, gain(0.05, control=(0.1, 0.2, 0.3)), front())
    value, (low, high) = found.control
    assert value == pytest.approx(0.2) == (low + high) / 2
    assert high - low == pytest.approx(2 * 4.3027 * 0.1 / 3**0.5, rel=1e-3)


@pytest.mark.parametrize(("skill", "learned"), [(0.1, True), (0.01, False), (-0.1, False)])
def test_one_network_has_learned_something_where_its_faces_are_clear_of_chance(skill, learned):
    alone = {"values": [skill], "errors": [0.01], "error": 0.01, "n": 100, "control": [], "fisher": False}
    assert claims.learned({"confusion": {"skill": alone}}) == learned


@pytest.mark.parametrize(
    ("skills", "learned"),
    [([0.5] * 4 + [-0.01], True), ([0.5, 0.01], True), ([0.01, -0.01, 0.5], False), ([0.01, -0.01, 0.0, 0.01], False)],
)
def test_a_poor_network_takes_nothing_from_good_ones(skills, learned):
    several = {
        "values": skills,
        "errors": [0.01] * len(skills),
        "error": 0.01,
        "n": 100,
        "control": [],
        "fisher": False,
    }
    assert claims.learned({"confusion": {"skill": several}}) == learned


def test_untrained_networks_correlations_are_averaged_as_the_others_are(tmp_path):
    correlations = gain(0.9, control=(0.3, 0.85, 0.5))
    correlations["x"]["gain"]["fisher"] = True
    (found,), _ = judge(tmp_path, correlations, front())
    value, (low, high) = found.control
    assert -1 < low < value < high < 1
    assert value == pytest.approx(math.tanh(sum(map(math.atanh, (0.3, 0.85, 0.5))) / 3))
    (few,), _ = judge(tmp_path, gain(0.05, control=(0.3, 0.85)), front())
    assert few.control == (pytest.approx(0.575), None)  # two show no interval


def test_nothing_is_learned_by_networks_that_answer_no_better_than_chance(tmp_path):
    numbers = gain(0.05)
    for skill, about, verdict in (
        (0.4, "learned", "holds"), (0.0, "learned", "undecided"), (0.0, "data", "holds"), (-0.1, "learned", "undecided")
    ):  # fmt: skip
        (found,), _ = judge(tmp_path, {**numbers, "confusion": {"skill": gain(skill)["x"]["gain"]}}, front(about=about))
        assert found.verdict == verdict and found.withheld == (about == "learned" and verdict == "undecided")


@pytest.mark.parametrize(("side", "verdict"), [("above", "fails"), ("below", "holds")])
def test_of_two_networks_that_do_not_differ_nothing_is_decided_and_of_five_it_is(tmp_path, side, verdict):
    numbers = gain(-0.3, 0.0)
    (found,), _ = judge(tmp_path, numbers, front(threshold="0.5", side=side))
    assert (found.verdict, found.numbers()["smallest"]) == (verdict, None)
    numbers["x"]["gain"] |= {"values": numbers["x"]["gain"]["values"][:2], "errors": [0.0, 0.0]}
    (found,), _ = judge(tmp_path, numbers, front(threshold="0.5", side=side))
    assert (found.verdict, found.numbers()["smallest"]) == ("undecided", None)


def test_a_family_widens_its_intervals_so_that_all_hold_together(tmp_path):
    declared = front(family="f") + front(id="b", family="f") + front(id="c")
    text = " ".join(TEXT.format(id=k) for k in "abc")
    made, wrong = section(tmp_path, declared, text)
    assert not wrong
    found = claims.judged([made], gain(0.017), [])
    assert [one.verdict for one in found] == ["undecided", "undecided", "holds"]
    assert found[0].family == 2
    narrow, wide = found[2].decision.interval, found[0].decision.interval
    assert wide[0] < narrow[0] < 0.017 < narrow[1] < wide[1]


def test_a_number_that_a_run_has_none_of_leaves_its_claim_undecided(tmp_path):
    (found,), problems = judge(tmp_path, {"x": {"gain": None}})
    assert (found.verdict, found.decision, found.numbers()["value"], problems) == ("undecided", None, None, [])
    assert found.threshold == 0.0  # which needs no result


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        (front(statistic="x.gian"), "s.md:7: unknown number 'x.gian' (did you mean 'x.gain'?)"),
        (front(statistic="x.gain +"), "s.md:7: unexpected 'end of statement block'"),
        (front(threshold="y.z"), "s.md:8: unknown number 'y.z'"),
        (front(threshold="x.gain"), "s.md:8: claim 'a': the threshold is {'values': ["),
        (front(statistic="x.gain.n"), "s.md:7: claim 'a': wanted a statistic over networks, got 100"),
        (front(statistic="1 / (x.gain.n - 100)"), "s.md:7: division by zero"),
    ],
)
def test_what_cannot_be_decided_is_told_with_its_line(tmp_path, declared, line):
    (found,), problems = judge(tmp_path, gain(0.1), declared)
    assert found.verdict == "undecided" and len(problems) == 1 and problems[0].startswith(line)


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("{% if claims.a.holds %}yes{% elif claims.a.fails %}no{% endif %} {claim:a}", "no form for undecided"),
        ("{% if claims.a.holds %}yes{% else %}no{% endif %} {claim:a}", ""),
        ("{% if claims.a.holds %}yes{% endif %} {claim:a}", "no form for fails and undecided"),
        ("{% if claims.a.holds %}{% else %}no{% endif %} {claim:a}", "no form for holds"),
        ("{{ claims.a.value }} {claim:a}", "no form for holds and fails and undecided"),
        (TEXT.format(id="a").replace("{claim:a}", ""), "has no {claim:a}"),
    ],
)
def test_a_verdict_without_words_or_a_claim_without_its_mark_is_told(tmp_path, text, missing):
    made, _ = section(tmp_path, front(), text, TEXT.format(id="a"))
    found = claims.problems([made], ("en", "zh"))
    assert [missing in line and "'en'" in line and line.startswith("s.md:") for line in found] == [True] * bool(missing)


def test_an_unknown_claim_is_told_with_its_nearest(tmp_path):
    made, _ = section(tmp_path, front(id="happy-mouth"), TEXT.format(id="happy_mouth") + "\n{claim:hapy-mouth}")
    assert "s.md:20: unknown claim 'hapy-mouth' (did you mean 'happy-mouth'?)" in claims.problems([made], ("en",))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('side = "above"', 'side = "over"', "s.md:9: side is 'over'; wanted above or below"),
        ('unit = "points"', 'unit = "metres"', "s.md:10: unit is 'metres'; wanted percent or points or number"),
        ('threshold = "0"\n', "", "s.md:6: claim 'a' has no threshold"),
        ('about = "data"', 'about = "it"', "s.md:11: about is 'it'; wanted learned or data or architecture"),
        (', zh = "因为" }', " }", "no why of claim 'a' in 'zh'"),
        ("figure =", "figur =", "claim 'a' has unknown key 'figur' (did you mean 'figure'?)"),
    ],
)
def test_a_claim_that_lacks_something_is_told(tmp_path, old, new, line):
    assert old in front()
    _, problems = section(tmp_path, front().replace(old, new))
    assert any(line in problem for problem in problems), problems


@pytest.mark.parametrize(
    "text",
    [
        "It gains 2.4 points.",
        "It is right on 70% of them.",
        "They are 700 in all.",
        "It gains two points.",
        "Some seventy-five percent of them.",
        "准确率为70%。",
        "提高了２．４个百分点。",
        "占百分之七十。",
        "提高三个点。",
        "多出两倍。",
        "约占七成。",
        "共计７００张。",
        "Some 2000 faces are missed.",
        "It errs on 1900 wrong labels.",
        "Seven hundred faces are missed.",
        "It takes twenty-five epochs.",
        "It stops after ninety seconds.",
        "About two thirds of them are right.",
        "One in five is missed.",
        "It is three times as sure.",
        "It is twice as sure.",
        "It gains half a point.",
        "It is right on {{ 0.7 | percent }} of them.",
        "错了2000张。",
        "约三分之二答对。",
        "约有五分之一答错。",
        "七成多答对。",
        "错了七百张。",
        "训练五十轮。",
        "用时三分钟。",
        "准确率为７０％。",
    ],
)
def test_a_typed_quantity_is_found(tmp_path, text):
    made, _ = section(tmp_path, front(), text)
    found = loose.problems([made])
    assert len(found) == 2 and all("is typed" in line for line in found)
    assert found[0].startswith("s.md:19: ") and found[1].startswith("s.md:21: ")


@pytest.mark.parametrize(
    "text",
    [
        "ResNet-18 and conv1, layer4.1.conv2 and FER2013 at 48x48 or 48×48 pixels",
        "as Morcos et al. (2018) and in 2013",
        "{{ x.gain.value | points }} of {{ 3 * 4 }}",
        "{% if x.gain.value > 0.5 %}so{% endif %}",
        "`--members 3`",
        "see {fig:conv1-outputs}",
        "[text](https://example.org/2/3)",
        "a 95% interval and 95%置信区间、95%区间",
        "one of three",
        "第5(1)(f)条，以及 Article 5(1)(f)",
        "一个成员、六张脸、三种方法",
        "Two members differ on seven mean faces; one loss mixes two questions",
        "one of the two, a second use, the first three classes",
        "(He et al. 2016), Leavitt and Morcos 2020, in 2013 and after",
        "几十张脸、第一个成员、成员之间各有不同，万一如此",
        "对比度最低的三分之一到最高的三分之一",
        "{{ 2 * x.gain.value | number }}",
        "```\npython build.py --members 5\n```",
    ],
)
def test_names_years_sizes_code_and_references_are_no_quantities(tmp_path, text):
    made, _ = section(tmp_path, front(), text)
    assert loose.problems([made]) == []


def test_a_claim_about_what_the_data_have_not_does_not_apply(tmp_path):
    declared = front() + 'needs = ["face", "sad"]\n' + front(id="b", family="f") + front(id="c", family="f")
    declared = declared.replace('id="c"', "") + 'needs = ["face"]\n'
    made, wrong = section(tmp_path, declared, " ".join(TEXT.format(id=name) for name in "abc"))
    assert not wrong
    about = claims.WORDLESS.about("picture", ("oak", "ash"))
    numbers = gain(0.05)
    first, second, third = claims.judged([made], numbers, [], about=about)
    assert (first.verdict, first.lacks) == ("not applicable", ("face", "sad"))
    assert first.record()["reason"] == "no picture shows a face, there is no class sad"
    assert (second.verdict, second.family, "reason" in second.record()) == ("holds", 1, False)  # alone in its family
    assert claims.counts([first, second, third]) == {
        "all": 3, "holds": 1, "fails": 0, "undecided": 0, "apart": 2, "both": 0, "alike": 0,
    }  # fmt: skip
    other = [replace(second, verdict="fails"), replace(first, verdict="holds")]  # of these one is decided here too
    counted = claims.counts([first, second, third], other)
    assert (counted["both"], counted["alike"]) == (1, 0)
    assert claims.counts([second], [second])["alike"] == 1
    everything = claims.judged([made], numbers, [], about=about.about("face", ("sad", "happy")))
    assert [(verdict.verdict, verdict.family) for verdict in everything] == [("holds", 1), ("holds", 2), ("holds", 2)]

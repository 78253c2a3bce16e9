"""Results are changed, the report is rendered: the right verdicts and sentences change, in both languages, no other."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import synthetic

from ferpipe.render.site import render

Numbers = dict[str, Any]


def site(folder: Path, artefacts: Path, analysis: str = "", change: Callable[[Numbers], None] | None = None) -> Path:
    synthetic.write(folder / "results")
    if change:
        path = folder / "results/rendered" / analysis / "numbers.json"
        numbers = json.loads(path.read_bytes())
        change(numbers)
        path.write_text(json.dumps(numbers))
    render(folder / "results", folder / "site", artefacts=artefacts, editions=["rendered"])
    return folder / "site"


def verdicts(site: Path) -> dict[str, str]:
    return {claim["id"]: claim["verdict"] for claim in json.loads((site / "claims.json").read_bytes())}


def sentences(site: Path, language: str) -> list[str]:
    """The paragraphs, without their numbers."""
    html = (site / language / "index.html").read_text()
    texts = re.findall(r"<p>(.*?)</p>", html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]*>|[\d.,–～−-]+", "", text).split()) for text in texts]


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of figures for all."""
    return tmp_path_factory.mktemp("artefacts")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, artefacts: Path) -> Path:
    return site(tmp_path_factory.mktemp("plain"), artefacts)


PATHS = {  # of each claim: the analysis and where its statistic stands in it
    claim["id"]: claim["path"].removesuffix(".values").split(".")
    for claim in json.loads((Path(__file__).parents[2] / "site" / "claims.json").read_bytes())
    if claim["edition"] == "rendered"
}


def at(numbers: Numbers, path: list[str]) -> Numbers:
    for key in path:
        numbers = numbers[key]
    return numbers


def beyond(claim: dict[str, Any], up: bool, which: slice) -> Callable[[Numbers], None]:
    """Put some networks' values clearly to one side of the claim's bar, and what untrained ones reach far below."""
    sign = 1 if up == (claim["side"] == "above") else -1

    def change(numbers: Numbers) -> None:
        found = at(numbers, PATHS[claim["id"]][1:])
        count = len(found["values"])
        far = 0.4 if found.get("fisher") or claim["threshold"] else 0.5
        values = [claim["threshold"] + sign * (far + 0.001 * k) for k in range(count)]
        found["values"][which] = values[which]
        found["errors"], found["error"] = [0.001] * count, 0.001
        found["control"] = [] if which == slice(None) else found["control"]

    return change


@pytest.mark.parametrize("id", ["locates-face", "best-classes", "deeper-more-selective", "ensemble-gain"])
def test_all_networks_past_the_bar_change_verdict_and_sentence_and_nothing_else(
    plain: Path, artefacts: Path, tmp_path: Path, id: str
) -> None:
    claim = next(one for one in json.loads((plain / "claims.json").read_bytes()) if one["id"] == id)
    before, was = verdicts(plain), claim["verdict"]
    changed = site(tmp_path, artefacts, PATHS[id][0], beyond(claim, up=was != "holds", which=slice(None)))
    after = verdicts(changed)
    expected = "fails" if was == "holds" else "holds"
    assert {key: after[key] for key in after if after[key] != before[key]} == {id: expected}
    for language in ("en", "zh"):
        old, new = sentences(plain, language), sentences(changed, language)
        assert 1 <= len(set(new) - set(old)) <= 4


def test_one_network_on_the_other_side_leaves_a_finding_undecided(plain: Path, artefacts: Path, tmp_path: Path) -> None:
    claim = next(one for one in json.loads((plain / "claims.json").read_bytes()) if one["id"] == "locates-face")
    assert claim["verdict"] == "holds"
    changed = site(tmp_path, artefacts, "saliency", beyond(claim, up=False, which=slice(0, 1)))
    before, after = verdicts(plain), verdicts(changed)
    assert {key: after[key] for key in after if after[key] != before[key]} == {"locates-face": "undecided"}
    again = next(one for one in json.loads((changed / "claims.json").read_bytes()) if one["id"] == "locates-face")
    assert again["past"] == again["networks"] - 1
    assert f"in {again['past']} of {again['networks']} networks" in (changed / "en" / "index.html").read_text()


def test_one_network_decides_nothing_and_the_page_says_so(artefacts: Path, tmp_path: Path) -> None:
    def alone(numbers: Numbers) -> None:
        for found in (numbers["locates"], numbers["reads"]):
            found["values"], found["errors"] = found["values"][:1], found["errors"][:1]

    changed = site(tmp_path, artefacts, "saliency", alone)
    after = verdicts(changed)
    assert after["locates-face"] == after["reads-features"] == "undecided"
    for language, words in (("en", "seen in this one network"), ("zh", "仅见于这一个网络")):
        assert words in (changed / language / "index.html").read_text()


def test_all_findings_of_the_original_are_decided_and_linked(plain: Path) -> None:
    found = json.loads((plain / "claims.json").read_bytes())
    assert len(found) == len({one["id"] for one in found}) == 24
    keys = {"id", "verdict", "statistic", "interval", "n", "threshold", "networks", "values", "path", "control",
            "decides", "about"}  # fmt: skip
    assert all(set(one) >= keys and set(one["decides"]) == {"en", "zh"} for one in found)
    for language in ("en", "zh"):
        html = (plain / language / "index.html").read_text()
        for one in found:
            assert html.count(f'id="claim-{one["id"]}"') == 1
            assert html.count(f'href="#claim-{one["id"]}"') >= 1


def test_every_number_of_a_claim_is_among_the_sites_numbers(plain: Path) -> None:
    numbers = json.loads((plain / "numbers.json").read_bytes())
    for one in json.loads((plain / "claims.json").read_bytes()):
        assert numbers[f"claims.{one['id'].replace('-', '_')}.threshold"] == one["threshold"]


def test_every_quantity_of_the_text_is_among_the_sites_numbers(plain: Path) -> None:
    """As it is written: a share as a percentage, a count in groups of three digits, a number with its decimals."""
    from ferpipe.text import formats

    values = json.loads((plain / "numbers.json").read_bytes()).values()
    known: set[str] = set()
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        known |= {formats.number(abs(value), digits).lstrip("<") for digits in range(4)}
        known |= {formats.number(abs(100 * value), digits).lstrip("<") for digits in range(4)}
    exempt = re.compile(
        r"\d{4}-\d\d(?:-\d\d)?|"
        r"FER2013|ResNet-18|conv\d|layer\d[\d.]*|\d+[x×]\d+|\(\w[^()]*(?:19|20)\d\d\w?\)|95%|Article [\d()a-z]+|"
        r"2024/1689|point \d|Annex III|\bDay \d+|<0\.\d+|>99\.9"
    )
    html = (plain / "en" / "index.html").read_text()
    html = re.sub(r"<(pre|code|table|svg|footer|nav|head|bdi)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r'<ol class="references">.*?</ol>|<a class="cite".*?</a>', " ", html, flags=re.DOTALL)
    html = re.sub(r'<a class="reference".*?</a>|<span class="numbered">.*?</span>', " ", html, flags=re.DOTALL)
    texts = re.findall(r"<(?:p|figcaption|caption|li)\b[^>]*>(.*?)</(?:p|figcaption|caption|li)>", html, re.DOTALL)
    text = exempt.sub(" ", " ".join(re.sub(r"<[^>]*>", "", part) for part in texts))
    loose = {found for found in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text) if found.rstrip(",") not in known}
    assert {found for found in loose if not re.fullmatch(r"(?:19|20)\d\d,?", found)} == set()


def test_what_a_claim_rests_on_is_found_by_its_path(plain: Path) -> None:
    numbers = json.loads((plain / "numbers.json").read_bytes())
    for one in json.loads((plain / "claims.json").read_bytes()):
        assert one["networks"] == len(one["values"])
        for index, value in enumerate(one["values"]):
            assert numbers[f"{one['path']}[{index}]"] == value

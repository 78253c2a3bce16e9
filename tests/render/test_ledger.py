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


def swapped(numbers: Numbers) -> None:
    recall = numbers["recall"]
    for value, labels in ((0.3, (3, 5, 6)), (0.9, (1, 2, 4))):
        for label in labels:
            recall[label] |= {"value": value, "interval": [value - 0.05, value + 0.05]}


def turned(*path: str) -> Callable[[Numbers], None]:
    def change(numbers: Numbers) -> None:
        for key in path:
            numbers = numbers[key]
        low, high = numbers["interval"]
        numbers |= {"value": -numbers["value"], "interval": [-high, -low]}

    return change


def nothing(numbers: Numbers) -> None:
    numbers["gain"] |= {"value": 0.0, "interval": [-0.01, 0.01]}


def outside(numbers: Numbers) -> None:
    numbers["matched"] |= {"value": 0.09, "interval": [0.04, 0.14]}


@pytest.mark.parametrize(
    ("analysis", "change", "expected"),
    [
        ("confusion", swapped, {"best-classes": "fails"}),
        ("selectivity", turned("trend"), {"deeper-more-selective": "fails"}),
        ("ensemble", nothing, {"ensemble-gain": "undecided"}),
        ("elsewhere", outside, {"wrong-looks-elsewhere": "holds"}),
        ("stages", turned("trend"), {"later-outputs-unreadable": "fails"}),
    ],
)
def test_a_changed_result_changes_its_own_verdict_and_sentence(
    plain: Path,
    artefacts: Path,
    tmp_path: Path,
    analysis: str,
    change: Callable[[Numbers], None],
    expected: dict[str, str],
) -> None:
    before, changed = verdicts(plain), site(tmp_path, artefacts, analysis, change)
    after = verdicts(changed)
    assert {key: after[key] for key in after if after[key] != before[key]} == expected
    for language in ("en", "zh"):
        old, new = sentences(plain, language), sentences(changed, language)
        assert 1 <= len(set(new) - set(old)) <= 3


def test_all_findings_of_the_original_are_decided_and_linked(plain: Path) -> None:
    found = json.loads((plain / "claims.json").read_bytes())
    assert len(found) == len({one["id"] for one in found}) == 24
    assert all(set(one) >= {"id", "verdict", "statistic", "interval", "n", "threshold"} for one in found)
    for language in ("en", "zh"):
        html = (plain / language / "index.html").read_text()
        for one in found:
            assert html.count(f'id="claim-{one["id"]}"') == 1
            assert html.count(f'href="#claim-{one["id"]}"') == 1


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
        known |= {formats.number(abs(100 * value), digits).lstrip("<") for digits in (0, 1)}
    exempt = re.compile(
        r"FER2013|ResNet-18|conv\d|layer\d[\d.]*|\d+[x×]\d+|\(\w[^()]*(?:19|20)\d\d\w?\)|95%|Article [\d()a-z]+|"
        r"2024/1689|point \d|Annex III|\bDay \d+|<0\.\d+|>99\.9"
    )
    html = (plain / "en" / "index.html").read_text()
    html = re.sub(r"<(pre|code|table|svg|footer|nav|head|bdi)\b.*?</\1>", " ", html, flags=re.DOTALL)
    html = re.sub(r'<a class="reference".*?</a>|<span class="numbered">.*?</span>', " ", html, flags=re.DOTALL)
    texts = re.findall(r"<(?:p|figcaption|caption|li)\b[^>]*>(.*?)</(?:p|figcaption|caption|li)>", html, re.DOTALL)
    text = exempt.sub(" ", " ".join(re.sub(r"<[^>]*>", "", part) for part in texts))
    loose = {found for found in re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text) if found.rstrip(",") not in known}
    assert {found for found in loose if not re.fullmatch(r"(?:19|20)\d\d,?", found)} == set()


def test_a_finding_without_a_usable_interval_says_so_in_its_row(artefacts: Path, tmp_path: Path) -> None:
    def constant(numbers: Numbers) -> None:
        numbers["frequency"]["even"] |= {"value": -0.3, "interval": [-0.3, -0.3]}

    changed = site(tmp_path, artefacts, "confusion", constant)
    assert verdicts(changed)["not-imbalance"] == "undecided"
    for language, words in (("en", "n is too small for an interval"), ("zh", "n 太小，给不出区间")):
        assert (changed / language / "index.html").read_text().count(words) == 1

"""Claims: a finding of the original report, the statistic that decides it, and what this run says about it.

A claim stands in the front matter of the section that discusses it, with its threshold and the reason for that.
Verdicts are derived from the results whenever the page is rendered, and never stored.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any

from jinja2 import TemplateError, nodes

from ferpipe.text import lacking, memo
from ferpipe.text.expressions import Expressions
from ferpipe.text.hold import Held
from ferpipe.text.problems import guess
from ferpipe.text.section import CLAIM, Claim, Passage, Section

LEVEL = 0.95  # of the results' intervals
VERDICTS = ("holds", "fails", "undecided")


@dataclass(frozen=True)
class Verdict:
    """What a run says about a claim."""

    claim: Claim
    verdict: str  # of VERDICTS
    value: float | None  # None where this run has no such number
    interval: tuple[float, float] | None  # as wide as the family of claims asks for
    n: int | None
    threshold: float | None
    family: int  # claims that are corrected together, this one among them

    @property
    def smallest(self) -> float | None:
        """Return the smallest distance from the threshold that this n could have shown."""
        if self.value is None or self.interval is None or self.interval[0] == self.interval[1]:
            return None
        low, high = self.interval
        return self.value - low if self.claim.side == "above" else high - self.value

    def numbers(self) -> dict[str, Any]:
        """Return what the text may ask."""
        known = {"value": self.value, "interval": list(self.interval) if self.interval else None, "n": self.n}
        tests = {name: self.verdict == name for name in VERDICTS}
        return {"verdict": self.verdict, **tests, **known, "threshold": self.threshold, "smallest": self.smallest}

    def record(self) -> dict[str, Any]:
        """Return the claim as JSON for other programs."""
        return {
            "id": self.claim.id,
            "verdict": self.verdict,
            "statistic": self.value,
            "interval": self.interval,
            "n": self.n,
            "threshold": self.threshold,
            "side": self.claim.side,
            "expression": self.claim.statistic.text,
            "family": self.family,
            "smallest": self.smallest,
        }


def name(claim: str) -> str:
    """Return a claim's id as expressions write it: `claims.happy_mouth` for happy-mouth."""
    return claim.replace("-", "_")


def judged(
    sections: Sequence[Section], numbers: Mapping[str, Any], problems: list[str], absent: Collection[str] = ()
) -> list[Verdict]:
    """Return a verdict for each claim, in the order of the page; adds what is wrong with a claim to `problems`.

    A claim about an `absent` analysis, which has no result, is undecided.
    """
    claims = [claim for section in sections for claim in section.claims]
    sizes = Counter(claim.family for claim in claims if claim.family)
    found = []
    for claim in claims:
        asked = [part.text for part in (claim.statistic, claim.threshold, claim.n) if part]
        if any(lacking.needs(f"{{{{ {text} }}}}", absent, _environment()) for text in asked):
            found.append(Verdict(claim, "undecided", None, None, None, None, sizes.get(claim.family, 1)))
            continue
        statistic = _evaluated(claim, claim.statistic, numbers, problems)
        threshold = _evaluated(claim, claim.threshold, numbers, problems)
        n = _evaluated(claim, claim.n, numbers, problems) if claim.n else None
        if statistic is _WRONG or threshold is _WRONG or n is _WRONG:
            statistic = threshold = None  # told; what the text makes of it is not to be told again
        elif n is not None and isinstance(statistic, Mapping):
            statistic = {**statistic, "n": n}
        found.append(_judged(claim, statistic, threshold, sizes.get(claim.family, 1), problems))
    return found


_WRONG = object()


def _evaluated(claim: Claim, expression: Passage, numbers: Mapping[str, Any], problems: list[str]) -> Any:
    """Return what an expression over the results gives, None where the run has none; _WRONG after a problem."""
    passage = Passage("{% set found = " + expression.text + " %}", expression.path, expression.line)
    before = len(problems)
    _environment().fill(passage, numbers, problems)  # finds unknown numbers and syntax errors, with their line
    if len(problems) > before:
        return _WRONG
    return _environment().value(expression.text, numbers)


@cache
def _environment() -> Expressions:
    return Expressions("en", Held())


def _judged(claim: Claim, statistic: Any, threshold: Any, family: int, problems: list[str]) -> Verdict:
    known = isinstance(threshold, int | float)
    unknown = Verdict(claim, "undecided", None, None, None, float(threshold) if known else None, family)
    if threshold is None or statistic is None:
        return unknown
    if not known:
        problems.append(f"{claim.threshold.at(0)}: claim '{claim.id}': the threshold is {threshold!r}, no number")
        return unknown
    try:
        value, (low, high), n = float(statistic["value"]), statistic["interval"], int(statistic["n"])
    except (KeyError, TypeError, ValueError):
        got = f"wanted a statistic with value, interval and n, got {statistic!r}"
        problems.append(f"{claim.statistic.at(0)}: claim '{claim.id}': {got}")
        return unknown
    wider = _wider(family)
    low, high = value - wider * (value - low), value + wider * (high - value)
    above = claim.side == "above"
    higher, lower = min(low, value) > threshold, max(high, value) < threshold
    holds, fails = (higher, lower) if above else (lower, higher)
    # no width means that no resample differed: n is too small for an interval, not large enough for certainty
    verdict = "undecided" if low == high else "holds" if holds else "fails" if fails else "undecided"
    return Verdict(claim, verdict, value, (low, high), n, float(threshold), family)


def _wider(family: int) -> float:
    """Return by how much intervals widen so that all of a family hold together LEVEL of the time (Bonferroni).

    As for normal errors: the results carry intervals of one level.
    """
    normal = NormalDist()
    return normal.inv_cdf(1 - (1 - LEVEL) / 2 / family) / normal.inv_cdf((1 + LEVEL) / 2)


def problems(sections: Sequence[Section], languages: Sequence[str]) -> list[str]:
    """Return a line for each claim without a written form for a verdict, without its mark, or unknown."""
    claims = {claim.id: claim for section in sections for claim in section.claims}
    found = []
    for section in sections:
        for language in languages:
            if body := section.body.get(language):
                found += _unknown(body, claims)
                found += [line for claim in section.claims for line in _unwritten(claim, body, language)]
    return found


def _unknown(body: Passage, claims: Mapping[str, Claim]) -> list[str]:
    return [
        f"{body.at(match.start())}: unknown claim '{match[1]}'{guess(match[1], claims)}"
        for match in CLAIM.finditer(body.text)
        if match[1] not in claims
    ]


def _unwritten(claim: Claim, body: Passage, language: str) -> list[str]:
    """Return what a section's text in one language lacks of a claim: its mark, or a form for each verdict."""
    lines = []
    if f"{{claim:{claim.id}}}" not in body.text:
        lines.append(f"{claim.where}: the text in '{language}' has no {{claim:{claim.id}}}")
    written = memo.once("forms", body.text, lambda: _forms(body.text))  # once a text, not once a claim
    if missing := [verdict for verdict in VERDICTS if verdict not in written.get(name(claim.id), ())]:
        test = f"claims.{name(claim.id)}"
        wanted = f"{{% if {test}.holds %}} … {{% elif {test}.fails %}} … {{% else %}} … {{% endif %}}"
        lines.append(
            f"{claim.where}: the text in '{language}' has no form for {' and '.join(missing)}: wanted {wanted}"
        )
    return lines


def _forms(text: str) -> dict[str, set[str]]:
    """Return for which verdicts of each claim a text has words: an else stands for all that its tests do not name."""
    try:
        tree = _environment().parse(text)
    except TemplateError:
        return {}  # told where the text is filled in
    found: dict[str, set[str]] = {}
    for node in tree.find_all(nodes.If):
        branches = [node, *node.elif_]
        tests = [(_test(branch.test), _says(branch.body)) for branch in branches]
        for test, says in tests:
            if test and says:
                found.setdefault(test[0], set()).add(test[1])
        named = {test[0] for test, _ in tests if test}
        if len(named) == 1 and all(test for test, _ in tests) and _says(node.else_):
            found.setdefault(named.pop(), set()).update(set(VERDICTS) - {test[1] for test, _ in tests if test})
    return found


def _test(node: nodes.Node) -> tuple[str, str] | None:
    """Return the claim and the verdict of a test `claims.happy_mouth.holds`; None of any other."""
    if isinstance(node, nodes.Getattr) and node.attr in VERDICTS and isinstance(node.node, nodes.Getattr):
        claim = node.node
        if isinstance(claim.node, nodes.Name) and claim.node.name == "claims":
            return claim.attr, node.attr
    return None


def _says(body: Sequence[nodes.Node]) -> bool:
    """Return whether a branch has words."""
    data = [found.data for node in body for found in node.find_all(nodes.TemplateData)]
    data += [node.data for node in body if isinstance(node, nodes.TemplateData)]
    return bool(re.search(r"\w", "".join(data)))

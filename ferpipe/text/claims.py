"""Claims: a finding of the original report, the statistic that decides it, and what this run says about it.

A claim stands in the front matter of the section that discusses it, with its threshold and the reason for that.
Verdicts are derived from the results whenever the page is rendered, and never stored: statistics/verdicts.py.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from jinja2 import TemplateError, nodes

from ferpipe.errors import Slip
from ferpipe.results.common import Across
from ferpipe.results.stored import built
from ferpipe.statistics.verdicts import FEWEST, Decision, decided, estimated
from ferpipe.storage.encoding import JSON
from ferpipe.text import lacking, memo
from ferpipe.text.expressions import chain, setting, wordless
from ferpipe.text.language import WORDLESS, Language
from ferpipe.text.problems import guess
from ferpipe.text.section import CLAIM, Claim, Passage, Section

APART = "not applicable"  # to this data set: it has not what the claim is about
SIGNS = {"holds": "\N{CHECK MARK}", "fails": "\N{MULTIPLICATION X}", "undecided": "?"}
VERDICTS = tuple(SIGNS)
DECIDED = ("holds", "fails")


@dataclass(frozen=True)
class Verdict:
    """What a run says about a claim."""

    claim: Claim
    family: int  # claims that are corrected together, this one among them
    threshold: float | None = None  # None, as the rest, where this run has no such number
    verdict: str = "undecided"  # of VERDICTS, or APART
    found: Across | None = None
    decision: Decision | None = None
    lacks: tuple[str, ...] = ()  # which of the claim's needs the data set has not
    withheld: bool = False  # whether it would hold, but for networks that answer no better than chance

    @cached_property
    def control(self) -> tuple[float, list[float] | None] | None:
        """Return the mean of untrained networks, as `decided` makes it, and its interval; None where there are none.

        Of fewer than three there is no interval.
        """
        if self.found is None or not (values := self.found.control):
            return None
        untrained = replace(self.found, values=values, errors=[0.0] * len(values), error=0.0, control=[])
        known = estimated(untrained)
        return known.value, self._possible(known.interval) if len(values) >= FEWEST else None

    @property
    def interval(self) -> list[float] | None:
        """Return the interval of a repetition's mean over networks, of a share within what one can be."""
        return self._possible(self.decision.interval) if self.decision else None

    def _possible(self, bounds: Iterable[float]) -> list[float]:
        return [min(1.0, max(0.0, end)) if self.claim.unit == "percent" else end for end in bounds]

    @property
    def untrained(self) -> bool:
        """Return whether untrained networks pass the threshold too: each of a few, else the interval of their mean."""
        if self.found is None or self.control is None or self.threshold is None:
            return False
        if len(self.found.control) < 2:  # of one untrained network nothing is said
            return False
        ends = self.control[1] or self.found.control
        return min(ends) > self.threshold if self.claim.side == "above" else max(ends) < self.threshold

    @property
    def bound(self) -> bool:
        """Return whether what untrained networks reach has to be passed, beyond the threshold."""
        return self.decision is not None and self.decision.bound

    def numbers(self) -> JSON:
        """Return what the text may ask."""
        tests = {name: self.verdict == name for name in VERDICTS}
        statistic, decision = self.found, self.decision
        known = {
            "value": decision.value if decision else None,
            "interval": self.interval,
            "n": statistic.n if statistic else None,
            "values": statistic.values if statistic else [],
            "networks": len(statistic.values) if statistic else 0,
            "past": decision.past if decision else 0,
            "smallest": decision.smallest if decision else None,
            "control": self.control[0] if self.control else None,
            "untrained": self.untrained,
            "bar": decision.bar if decision else self.threshold,
            "bound": self.bound,
        }
        return {"verdict": self.verdict, **tests, **known, "threshold": self.threshold}

    def record(self) -> JSON:
        """Return the claim as JSON for other programs."""
        claim, known, decision = self.claim, self.numbers(), self.decision
        control = {"value": self.control[0], "interval": self.control[1]} if self.control else None
        lacks = ["no picture shows a face" if need == "face" else f"there is no class {need}" for need in self.lacks]
        return {
            "id": claim.id,
            "side": claim.side,
            "about": claim.about,
            "expression": claim.statistic.text,
            "path": f"{claim.statistic.text}.values" if known["values"] else None,
            "statistic": known["value"],
            "interval": known["interval"],
            "n": known["n"],
            "networks": known["networks"],
            "values": known["values"],
            "past": known["past"],
            "control": control,
            "threshold": self.threshold,
            "bar": decision.bar if decision else None,
            "verdict": self.verdict,
            "family": self.family,
            "smallest": known["smallest"],
            **({"reason": ", ".join(lacks)} if lacks else {}),
        }


def counts(verdicts: Collection[Verdict], others: Collection[Verdict] = ()) -> JSON:
    """Return how many findings there are, and how many of each verdict, as the text asks for them.

    And how many are decided both here and on another data set, and of these how many alike.
    """
    by_verdict = Counter(verdict.verdict for verdict in verdicts)
    here = {verdict.claim.id: verdict.verdict for verdict in verdicts if verdict.verdict in DECIDED}
    both = [(here[other.claim.id], other.verdict) for other in others
            if other.claim.id in here and other.verdict in DECIDED]  # fmt: skip
    compared = {"both": len(both), "alike": sum(ours == theirs for ours, theirs in both)}
    known = {name: by_verdict[name] for name in VERDICTS}
    return {"all": len(verdicts), **known, "apart": by_verdict[APART], **compared}


def name(claim: str) -> str:
    """Return a claim's id as expressions write it: `claims.happy_mouth` for happy-mouth."""
    return claim.replace("-", "_")


def judged(
    sections: Sequence[Section],
    numbers: JSON,
    problems: list[str],
    absent: Collection[str] = (),
    about: Language = WORDLESS,  # the data set, as its language knows it
) -> list[Verdict]:
    """Return a verdict for each claim, in the order of the page; adds what is wrong with a claim to `problems`.

    A claim about an `absent` analysis, which has no result, is undecided.
    """
    claims = [claim for section in sections for claim in section.claims]
    has = {about.shows, *about.classes}
    lacks = {claim.id: tuple(need for need in claim.needs if need not in has) for claim in claims}
    sizes = Counter(claim.family for claim in claims if claim.family and not lacks[claim.id])
    verdicts = []
    for claim in claims:
        family, before = sizes.get(claim.family, 1), len(problems)
        if lacks[claim.id]:
            verdicts.append(Verdict(claim, family, verdict=APART, lacks=lacks[claim.id]))
            continue
        parts = (claim.statistic, claim.threshold)
        if any(lacking.needs(f"{{{{ {part.text} }}}}", absent, wordless()) for part in parts):
            verdicts.append(Verdict(claim, family))
            continue
        statistic, threshold = (_evaluated(part, numbers, problems, about) for part in parts)
        if len(problems) > before:
            statistic = threshold = None  # told; what the text makes of it is not to be told again
        verdicts.append(_judged(claim, statistic, threshold, family, problems))
    return verdicts if learned(numbers) else [_unlearned(verdict) for verdict in verdicts]


def learned(numbers: JSON) -> bool:
    """Return whether the networks answer better than chance, by their mean recall, as far as is known.

    On average, or at least half of them where each is asked alone, by the interval over its faces: a poor one among
    good ones takes nothing from these.
    """
    skill = numbers.get("confusion", {}).get("skill")
    try:
        if skill is None:
            return True
        across = built(Across, skill, "")
        alone = [
            decided(replace(across, values=[value], errors=[error], control=[]), 0.0, "above")
            for value, error in zip(across.values, across.errors, strict=True)
        ]
        clear = sum(decision.interval[0] > 0 for decision in alone)
        return 2 * clear >= len(alone) or decided(across, 0.0, "above").verdict == "holds"
    except Slip:  # a damaged result is told where a text asks for it, with its line
        return True


def _unlearned(verdict: Verdict) -> Verdict:
    """Return the verdict where networks have learned nothing: no finding about what was learned holds."""
    about = verdict.claim.about == "learned" and verdict.verdict == "holds"
    return replace(verdict, verdict="undecided", withheld=True) if about else verdict


def _evaluated(expression: Passage, numbers: JSON, problems: list[str], about: Language) -> object:
    """Return what an expression over the results gives, None where the run has none, and after a problem."""
    passage = Passage(setting(expression.text), expression.path, expression.line)
    before = len(problems)
    expressions = wordless(about.classes)
    expressions.fill(passage, numbers, problems)  # finds unknown numbers and syntax errors, with their line
    return expressions.value(expression.text, numbers) if len(problems) == before else None


def _judged(claim: Claim, statistic: Any, threshold: object, family: int, problems: list[str]) -> Verdict:
    unknown = Verdict(claim, family, float(threshold) if isinstance(threshold, int | float) else None)
    if threshold is None or statistic is None:
        return unknown
    if not isinstance(threshold, int | float):
        problems.append(f"{claim.threshold.at(0)}: claim '{claim.id}': the threshold is {threshold!r}, no number")
        return unknown
    try:
        across: Across = built(Across, statistic, "")
    except (Slip, TypeError, ValueError):
        got = f"wanted a statistic over networks, got {statistic!r:.80}"
        problems.append(f"{claim.statistic.at(0)}: claim '{claim.id}': {got}")
        return unknown
    if not across.values or len(across.errors) != len(across.values):
        return unknown
    # one untrained network decides nothing either: it is told, and nobody has to pass it
    judged = across if len(across.control) > 1 else replace(across, control=[])
    decision = decided(judged, float(threshold), claim.side, family, claim.about == "learned", repeated=True)
    return Verdict(claim, family, float(threshold), decision.verdict, across, decision)


def problems(sections: Sequence[Section], languages: Sequence[str]) -> list[str]:
    """Return a line for each claim without a written form for a verdict, without its mark, or unknown."""
    claims = {claim.id: claim for section in sections for claim in section.claims}
    lines = []
    for section in sections:
        for language in languages:
            if body := section.body.get(language):
                lines += [
                    f"{body.at(match.start())}: unknown claim '{match[1]}'{guess(match[1], claims)}"
                    for match in CLAIM.finditer(body.text)
                    if match[1] not in claims
                ]
                lines += [line for claim in section.claims for line in _unwritten(claim, body, language)]
    return lines


def _unwritten(claim: Claim, body: Passage, language: str) -> list[str]:
    """Return what a section's text in one language lacks of a claim: its mark, or a form for each verdict."""
    lines = []
    if f"{{claim:{claim.id}}}" not in body.text:
        lines.append(f"{claim.where}: the text in '{language}' has no {{claim:{claim.id}}}")
    written = _forms(body.text)
    if missing := [verdict for verdict in VERDICTS if verdict not in written.get(name(claim.id), ())]:
        test = f"claims.{name(claim.id)}"
        lines.append(
            f"{claim.where}: the text in '{language}' has no form for {' and '.join(missing)}: wanted "
            f"{{% if {test}.holds %}} … {{% elif {test}.fails %}} … {{% else %}} … {{% endif %}}"
        )
    return lines


@memo.by_text
def _forms(text: str) -> dict[str, set[str]]:
    """Return for which verdicts of each claim a text has words: an else stands for all that its tests do not name."""
    try:
        tree = wordless().parse(text)
    except TemplateError:
        return {}  # told where the text is filled in
    forms: dict[str, set[str]] = {}
    for node in tree.find_all(nodes.If):
        tests = [_test(branch.test) for branch in (node, *node.elif_)]
        for branch, test in zip((node, *node.elif_), tests, strict=True):
            if test and _says(branch.body):
                forms.setdefault(test[0], set()).add(test[1])
        tested = {test[0] for test in tests if test}
        if len(tested) == 1 and all(tests) and _says(node.else_):
            forms.setdefault(tested.pop(), set()).update(set(VERDICTS) - {test[1] for test in tests if test})
    return forms


def _test(node: nodes.Node) -> tuple[str, str] | None:
    """Return the claim and the verdict of a test `claims.happy_mouth.holds`; None of any other."""
    path = [str(part) for part in chain(node)]
    return (path[1], path[2]) if len(path) == 3 and path[0] == "claims" and path[2] in VERDICTS else None


def _says(body: Sequence[nodes.Node]) -> bool:
    """Return whether a branch has words."""
    return any(re.search(r"\w", text.data) for node in body for text in node.find_all(nodes.TemplateData))

"""One edition of the report: the results of one data set, and where its pages lie."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ferpipe.errors import Slip
from ferpipe.figures.filter_emotions import agreement
from ferpipe.results import stored
from ferpipe.storage import fingerprints
from ferpipe.storage.encoding import JSON, read_json, read_npz
from ferpipe.storage.freshness import OF_FACES
from ferpipe.text import claims
from ferpipe.text.claims import APART, Verdict
from ferpipe.text.formats import passing
from ferpipe.text.language import Language
from ferpipe.text.report import Report
from ferpipe.text.section import Claim, Passage

# Of a stranger's file name: control characters, those that turn the writing round, and private ones.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ue000-\uf8ff]")
OTHERS = ("original", "claims")  # what figures are drawn from beside results


@dataclass(frozen=True)
class Edition:
    """A data set's results as this page may show them."""

    name: str
    folder: str  # of its pages in the site: "" for the first, else "<name>/"
    results: Path  # <results>/<dataset>
    original: JSON
    publishable: bool = False  # single pictures of it, as report.toml says
    faces: Path | None = None  # of a restricted data set, for the local page alone
    title: Mapping[str, str] = field(default_factory=dict)  # on the page, by language
    verdicts: list[Verdict] = field(default_factory=list)  # on the claims of the text, once that has been read
    beside: list["Edition"] = field(default_factory=list, repr=False)  # the site's other editions
    languages: dict[tuple[str, Path], Language] = field(default_factory=dict, repr=False)  # as its page speaks them
    loaded: dict[str, object] = field(default_factory=dict, repr=False)  # results that a figure was drawn from
    hashes: dict[str, str] = field(default_factory=dict, repr=False)  # of what figures are drawn from

    @property
    def local(self) -> bool:
        """Return whether this is a page that shows faces and must not be published."""
        return self.faces is not None

    @cached_property
    def analyses(self) -> JSON:
        """Return the numbers of every analysis that has a result."""
        return {path.parent.name: _numbers(path) for path in sorted(self.results.glob("*/numbers.json"))}

    @cached_property
    def recipes(self) -> JSON:
        """Return what each analysis was made of."""
        return {name: read_json(self.results / name / "recipe.json") for name in self.analyses}

    @cached_property
    def made_of(self) -> dict[str, str]:
        """Return the fingerprint of what each analysis was made of."""
        return {name: fingerprints.of_value(recipe) for name, recipe in self.recipes.items()}

    @cached_property
    def numbers(self) -> JSON:
        """Return all that the text may print: results, the original's figures, and what follows from both."""
        numbers = {**self.analyses, "original": dict(self.original)}
        winners, theirs = numbers.get("filter_emotions", {}).get("winners"), self.original.get("filter_emotions")
        if winners and theirs and set(self.classes) == set(self.original.get("classes", ())):
            try:
                numbers["agreement"] = vars(agreement(winners, theirs, self.classes))
            except (TypeError, ValueError, LookupError):
                path = self.results / "filter_emotions" / "numbers.json"
                raise Slip(f"{path}: winners is no table of classes; python build.py makes it again") from None
        return numbers

    @property
    def drawable(self) -> set[str]:
        """Return what figures may be drawn from."""
        return {*self.numbers, "claims"}

    @property
    def frame(self) -> JSON:
        """Return what a test in the text may ask about the edition itself."""
        faces = self.local or not self.restricted
        identity = {"name": self.name, "local": self.local, "faces": faces}
        return {**identity, "shows": self.shows, "classes": list(self.classes), "compared": "agreement" in self.numbers}

    @cached_property
    def shows(self) -> str:
        """Return what the pictures are called: "face" or "picture"."""
        return str(self.analyses.get("data", {}).get("shows", "face"))

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Return the names of the classes; a label is an index into them."""
        return tuple(self.analyses.get("data", {}).get("classes") or self.original.get("classes", ()))

    def spoken(self, language: Language) -> Language:
        """Return a language as this edition's page speaks it."""
        key = str(language), language.file
        if key not in self.languages:
            self.languages[key] = language.about(self.shows, self.classes)
        return self.languages[key]

    @property
    def restricted(self) -> bool:
        """Return whether single pictures may not be published: as report.toml says, or the result all the same."""
        return not self.publishable or bool(self.analyses.get("data", {}).get("restricted"))

    @property
    def apart(self) -> set[str]:
        """Return the analyses that do not apply to such pictures."""
        return set() if self.shows == "face" else set(OF_FACES) - self.analyses.keys()

    def absent(self, outdated: Iterable[str]) -> set[str]:
        """Return which of these analyses have no result here, and what would follow from it."""
        lacking = set(outdated) - self.analyses.keys()
        return lacking | ({"agreement"} if "filter_emotions" in lacking else set())

    def sources(self, names: Sequence[str]) -> dict[str, str]:
        """Return the fingerprints of what these analyses' figures are drawn from."""
        return {name: self._fingerprint(name) for name in (*names, "original")} | self._faces

    @property
    def findings(self) -> JSON:
        """Return how many findings there are, of each verdict, and how many are decided on another data set too.

        And whether the networks learned anything at all, and which methods pass the test on another data set.
        """
        others = [verdict for edition in self.beside for verdict in edition.verdicts]
        cards = [edition.analyses["scores"]["methods"] for edition in self.beside if "scores" in edition.analyses]
        there = passing(cards[0]) if cards else None
        return {**claims.counts(self.verdicts, others), "learned": claims.learned(self.numbers), "passing": there}

    @cached_property
    def ledger(self) -> list[JSON]:
        """Return the rows of the ledger of findings: verdicts, and the words of their claims in every language.

        Of those that apply here, with what the other editions say.
        """
        rows = []
        for verdict in (verdict for verdict in self.verdicts if verdict.verdict != APART):
            claim = verdict.claim
            others = [(edition, edition._on(claim)) for edition in self.beside]
            sides = [self._side(verdict), *(edition._side(other) for edition, other in others if other)]
            texts = {key: self._worded(getattr(claim, key)) for key in ("finding", "original", "why")}
            rows.append({**verdict.record(), "unit": claim.unit, "figure": claim.figure, **texts, "sides": sides})
        return rows

    @property
    def records(self) -> list[JSON]:
        """Return the verdicts for other programs."""
        return [
            {"edition": self.name, **verdict.record(), "decides": self._worded(verdict.claim.why)}
            for verdict in self.verdicts
        ]

    def _worded(self, texts: Mapping[Any, Passage]) -> dict[str, str]:
        return {language: self.spoken(language).filled(text.text) for language, text in texts.items()}

    def _on(self, claim: Claim) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.claim.id == claim.id), None)

    def _side(self, verdict: Verdict) -> JSON:
        numbers = verdict.numbers()
        return {
            "edition": self.name,
            "title": dict(self.title),
            "verdict": verdict.verdict,
            "statistic": numbers["value"],
            "draws": len(verdict.found.control) if verdict.found else 0,
            "withheld": verdict.withheld,
            **{
                key: numbers[key]
                for key in ("interval", "n", "networks", "past", "control", "threshold", "bar", "bound", "smallest")
            },
        }

    def load(self, name: str) -> object:
        """Return an analysis's result, its faces where this page may show them, the original's, or the claims."""
        if name not in self.loaded:
            self.loaded[name] = self._load(name)
        return self.loaded[name]

    def _load(self, name: str) -> object:
        if name == "claims":
            return stored.joined(name, {"rows": self.ledger}, {}, name)
        if name == "original":
            try:
                return stored.joined(name, self.original, {}, name)
            except Slip as slip:  # which no build makes again
                raise Slip(f"report.toml: {str(slip).partition('; ')[0]}") from None
        arrays = read_npz(self.results / name / "arrays.npz")
        if self.faces:
            start = f"{name}/"
            faces = read_npz(self.faces)
            arrays |= {key.removeprefix(start): array for key, array in faces.items() if key.startswith(start)}
        return stored.joined(name, self.analyses[name], arrays, f"{self.name}/{name}")

    def _fingerprint(self, name: str) -> str:
        if name not in self.hashes:  # many figures are drawn from one
            if name in OTHERS:
                made_of: object = self.original if name == "original" else self.ledger
            else:
                files = ("numbers.json", "arrays.npz")
                made_of = [fingerprints.of_file(self.results / name / file) for file in files]
            self.hashes[name] = fingerprints.of_value(made_of)
        return self.hashes[name]

    @cached_property
    def _faces(self) -> dict[str, str]:
        return {"faces.npz": fingerprints.of_file(self.faces)} if self.faces else {}


def _numbers(path: Path) -> JSON:
    """Return a result's numbers, its words fit for a page; raises Slip when they are not numbers by name."""
    if not isinstance(numbers := read_json(path), dict):
        raise Slip(f"{path} holds {type(numbers).__name__}, not numbers by name; python build.py makes it again")
    return _fit(numbers)


def _fit(value: Any) -> Any:
    if isinstance(value, str):
        return _UNFIT.sub("\ufffd", value)
    if isinstance(value, list):
        return [_fit(item) for item in value]
    return {_fit(key): _fit(item) for key, item in value.items()} if isinstance(value, dict) else value


def editions(results: Path, artefacts: Path, names: Sequence[str], local: str | None, report: Report) -> list[Edition]:
    """Return the editions to render; raises Slip naming a data set that has no results."""
    original, known = report.original, report.publishable
    if local:
        faces = artefacts / local / "faces.npz"
        private = faces if faces.is_file() else None
        editions = [Edition(local, "", results / local, original, local in known, private, report.names.get(local, {}))]
    else:
        folders = ["" if not index else f"{name}/" for index, name in enumerate(names)]
        editions = [
            Edition(name, folder, results / name, original, name in known, title=report.names.get(name, {}))
            for name, folder in zip(names, folders, strict=True)
        ]
    for edition in editions:
        if not edition.analyses:
            have = sorted({path.parent.parent.name for path in results.glob("*/*/numbers.json")})
            raise Slip(
                f"no results of data set '{edition.name}' in {results} (there: {', '.join(have) or 'none'}); "
                "python build.py makes them"
            )
    if local and editions[0].restricted and not editions[0].local:
        raise Slip(f"{artefacts / local / 'faces.npz'} is missing; python build.py --data ... makes it")
    return editions

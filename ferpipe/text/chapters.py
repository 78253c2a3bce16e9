"""All sections in one language: expressions filled in, figures numbered, references resolved, Markdown rendered."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ferpipe.storage.encoding import JSON
from ferpipe.text import claims, lacking, markup
from ferpipe.text.expressions import Expressions
from ferpipe.text.hold import Held
from ferpipe.text.language import Language
from ferpipe.text.problems import guess
from ferpipe.text.references import CITE, cited, listed
from ferpipe.text.section import CLAIM, PLACEMENT, REFERENCE, Item, Passage, Section

SLOT = "\ue002{}\ue003"  # where a figure goes


@dataclass(frozen=True)
class Placed:
    """A figure or table in its place, numbered."""

    item: Item
    label: str  # "Figure 3"
    caption: str  # HTML
    alt: str  # text for an attribute, escaped


@dataclass(frozen=True)
class Chapter:
    """A section's title and body as HTML; slots stand where its figures go."""

    name: str
    title: str
    body: str


class Writer:
    """All sections in one language: `chapters` and `placed` in the order of the page, `problems` as they were met."""

    def __init__(
        self,
        language: Language,
        sections: Sequence[Section],
        values: JSON,
        absent: Collection[str] = (),  # analyses without a result, of which nothing is said
        drawn: Mapping[str, Collection[str]] | None = None,  # the analyses that each figure is drawn from
        works: Mapping[str, str] | None = None,  # that can be cited, as HTML by their keys
    ) -> None:
        self.language, self.sections, self.values, self.works = language, sections, values, works or {}
        self.problems: list[str] = []
        self.held = Held()
        self.expressions = Expressions(language, self.held)
        self.items = {item.name: item for section in sections for item in section.items}
        left_out = lacking.lacking(self.items, absent, drawn or {}, language, self.expressions)
        apart = [name for name, claim in values.get("claims", {}).items() if claim["verdict"] == claims.APART]
        self.values = values = {**language.nouns, **values}
        self.bodies = {
            s.name: lacking.without(lacking.unclaimed(s.body[language], apart), absent, left_out, self.expressions)
            for s in sections
            if language in s.body
        }
        self.filled = {s.name: lacking.headed(self._fill(self.bodies.get(s.name))) for s in sections}
        self.failed = {s.name for s in sections if any(line.startswith(f"{s.path}:") for line in self.problems)}
        self.labels = self._number()
        captions = [
            item.caption[language].text for name in self.labels if language in (item := self.items[name]).caption
        ]
        self.cited = cited([*self.filled.values(), *captions])
        # a section that says nothing of this edition is left out
        self.chapters = [self._chapter(section) for section in sections if self.filled[section.name].strip()]
        if self.cited:
            title = language.words("page")["references"]
            self.chapters.append(Chapter("references", title, listed(self.works, self.cited)))
        self.placed = [self._placed(self.items[name], label) for name, label in self.labels.items()]

    def _placed(self, item: Item, label: str) -> Placed:
        return Placed(item, label, self._line(item.caption), markup.plain(self._line(item.alt)))

    def _fill(self, passage: Passage | None) -> str:
        return self.expressions.fill(passage, self.values, self.problems) if passage else ""

    def computed(self) -> JSON:
        """Return the numbers that the page prints and that are not results themselves, by their expressions."""
        texts = list(self.bodies.values())
        for item in (placed.item for placed in self.placed):
            texts += [text[self.language] for text in (item.caption, item.alt) if self.language in text]
        return {key: value for text in texts for key, value in self.expressions.computed(text, self.values).items()}

    def _number(self) -> dict[str, str]:
        labels: dict[str, str] = {}
        count = {"fig": 0, "table": 0}
        for section in self.sections:
            for match in PLACEMENT.finditer(self.filled[section.name]):
                name = match[1]
                if name not in self.items or name in labels:
                    continue  # unknown ones are told by `places`, from the source, with their line
                kind = self.items[name].kind
                count[kind] += 1
                labels[name] = f"{self.language.words('labels')[kind]} {count[kind]}"
        return labels

    def _chapter(self, section: Section) -> Chapter:
        text = PLACEMENT.sub(lambda match: f"\n\n{SLOT.format(match[1])}\n\n", self.filled[section.name])
        html = self._checked(markup.block(self._referred(text)), section.path)
        html = html.replace("<p>\ue002", "\ue002").replace("\ue003</p>", "\ue003")
        return Chapter(section.name, self._line(section.title), self._finish(html))

    def _line(self, texts: Mapping[str, Passage]) -> str:
        passage = texts.get(self.language)
        html = markup.inline(self._referred(self._fill(passage)))
        return self._finish(self._checked(html, passage.at(0) if passage else ""))

    def _checked(self, html: str, where: str) -> str:
        """Return the HTML of a text, and add a problem for each tag or attribute that is not a text's to bring."""
        self.problems += [f"{where}: {stranger} is not for a text" for stranger in markup.strangers(html)]
        return html

    def _referred(self, text: str) -> str:
        text = CITE.sub(lambda match: self._citation(match[1]), text)
        text = CLAIM.sub(lambda m: self._verdict(m[1]) if m[0].startswith("{verdict") else self._claim(m[1]), text)
        return REFERENCE.sub(lambda match: self._reference(match[1], match[2]), text)

    def _claim(self, name: str) -> str:
        """Return the mark beside a claim, which leads to its row of the ledger; of an unknown one `places` tells."""
        numbers = self.values["claims"].get(claims.name(name))
        if numbers is None:
            return ""
        verdict = numbers["verdict"]
        label = self.language.words("labels")["ledger"].format(verdict=self.language.words("verdicts")[verdict])
        sign = claims.SIGNS[verdict]
        counted = self._counted(numbers)
        return counted + self.held.html(
            f'<a class="claim {verdict}" href="#claim-{name}" title="{label}"><span aria-hidden="true">{sign}</span>'
            f'<span class="visually-hidden">{label}</span></a>'
        )

    def _verdict(self, name: str) -> str:
        """Return a claim's verdict in words, which leads to its row of the ledger; "" for an unknown one, as above."""
        numbers = self.values["claims"].get(claims.name(name))
        if numbers is None:
            return ""
        verdict = numbers["verdict"]
        sign, word = claims.SIGNS[verdict], self.language.words("verdicts")[verdict]
        counted = (
            f" <small>{self._networks(numbers)}</small>" if numbers["networks"] and not numbers["undecided"] else ""
        )
        return self.held.html(
            f'<a class="pill {verdict}" href="#claim-{name}"><span aria-hidden="true">{sign}</span> {word}{counted}</a>'
        )

    def _counted(self, numbers: JSON) -> str:
        """Return in how many networks a claim's statistic lies where it is said to, in brackets; "" for none."""
        words = self.language.words("ledger")
        if not numbers["networks"] or numbers["undecided"]:  # how many lie on one side decides nothing then
            return ""
        parts = [self._networks(numbers)]
        if numbers["untrained"] and not numbers["fails"]:
            parts.append(words["untrained_too"])
        return self.language.words("labels")["counted"].format(counted=words["joined"].join(parts))

    def _networks(self, numbers: JSON) -> str:
        """Return in how many networks a claim's statistic lies where its verdict says: of a failed one, elsewhere."""
        words, networks, past = self.language.words("ledger"), numbers["networks"], numbers["past"]
        if numbers["fails"]:
            past = networks - past
        return str(words["one"] if networks == 1 else words["networks"].format(past=past, n=networks))

    def _reference(self, kind: str, name: str) -> str:
        label = self.labels.get(name, name)
        return self.held.html(f'<a class="reference" href="#{kind}-{name}">{label}</a>')

    def _citation(self, key: str) -> str:
        return self.held.html(f'<a class="cite" href="#ref-{key}">[{self.cited.get(key, key)}]</a>')

    def _finish(self, html: str) -> str:
        html = self.held.release(html)
        return markup.spaced(html) if self.language == "zh" else html


def places(sections: Sequence[Section], languages: Sequence[str], works: Collection[str] = ()) -> list[str]:
    """Return a line for each placement of and reference to what no section declares, and each placed twice.

    And for each citation of a work that is not among `works`.
    """
    problems: list[str] = []
    items = {item.name: item for section in sections for item in section.items}
    for language in languages:
        seen: set[str] = set()
        for section in sections:
            if body := section.body.get(language):
                problems += _placements(body, items, seen)
            texts = [section.body, *(text for item in section.items for text in (item.caption, item.alt))]
            for passage in (text[language] for text in texts if language in text):
                problems += _references(passage, items)
                problems += [
                    f"{passage.at(match.start())}: unknown work '{match[1]}'{guess(match[1], works)}"
                    for match in CITE.finditer(passage.text)
                    if match[1] not in works
                ]
    return problems


def unplaced(sections: Sequence[Section]) -> list[str]:
    """Return a line for each declared figure or table that no text places."""
    placed = {match[1] for s in sections for body in s.body.values() for match in PLACEMENT.finditer(body.text)}
    return [
        f"{item.where}: unused {'figure' if item.kind == 'fig' else 'table'} '{item.name}': no line [[{item.name}]]"
        for section in sections
        for item in section.items
        if item.name not in placed
    ]


def _placements(body: Passage, items: Mapping[str, Item], seen: set[str]) -> list[str]:
    problems = []
    for match in PLACEMENT.finditer(body.text):
        if match[1] not in items:
            problems.append(f"{body.at(match.start())}: unknown figure '{match[1]}'{guess(match[1], items)}")
        elif match[1] in seen:
            problems.append(f"{body.at(match.start())}: '{match[1]}' is placed a second time; refer to it instead")
        seen.add(match[1])
    return problems


def _references(passage: Passage, items: Mapping[str, Item]) -> list[str]:
    known = {f"{item.kind}:{item.name}" for item in items.values()}
    return [
        f"{passage.at(match.start())}: unknown reference '{name}'{guess(name, known)}"
        for match in REFERENCE.finditer(passage.text)
        if (name := f"{match[1]}:{match[2]}") not in known
    ]

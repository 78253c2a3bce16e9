"""Every number that a text asks for, held against the types of results: what none can have is found without any."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from jinja2 import TemplateError, nodes

from ferpipe.results import stored
from ferpipe.results.common import Estimate
from ferpipe.results.original import Agreement
from ferpipe.text import report, section
from ferpipe.text.claims import VERDICTS, name
from ferpipe.text.expressions import wordless
from ferpipe.text.problems import Problems, guess
from ferpipe.text.section import Passage, Section

EDITION = {"name": str, "local": bool, "faces": bool}
CLAIM = dict.fromkeys(("verdict", *VERDICTS, "value", "interval", "n", "threshold", "smallest"))
ONE = ("first", "last", "min", "max")  # filters that give a part of a list
SAME = ("list", "sort", "reverse", "unique", "selectattr", "rejectattr", "abs")  # and what they are given

# A type is a hint, or names with their types, or None where nothing is known of it.


def problems(sections: Sequence[Section], analyses: Iterable[str]) -> list[str]:
    """Return a line for each path in the sections that results of these analyses cannot have, with its place."""
    roots = {
        **{analysis: stored.type_of(analysis) for analysis in analyses},
        "original": stored.type_of("original"),
        "agreement": Agreement,
        "edition": EDITION,
        "range": None,
        "claims": {name(claim.id): CLAIM for part in sections for claim in part.claims},
    }
    return [line for part in sections for passage in _passages(part) for line in _Walk(passage, roots).told]


def check(folder: Path, analyses: Iterable[str]) -> str:
    """Return a line on the report in `folder`; raises Problems with all that is wrong with paths in its sections."""
    frame, name = report.read(folder), folder.name
    sections = [
        section.read(folder / "sections" / f"{part}.md", f"{name}/sections/{part}.md", frame.languages)[0]
        for part in frame.sections
    ]
    if told := problems(sections, analyses):
        raise Problems(told)
    return f"{len(sections)} sections: results have every number that they ask for"


def _passages(part: Section) -> Iterator[Passage]:
    yield from (passage for text in part.texts for passage in text.values())
    for claim in part.claims:
        for passage in filter(None, (claim.statistic, claim.threshold, claim.n)):
            yield Passage(f"{{{{ {passage.text} }}}}", passage.path, passage.line)


class _Walk:
    """What is wrong with the paths of a passage."""

    def __init__(self, passage: Passage, roots: Mapping[str, Any]) -> None:
        self.passage, self.names, self.told = passage, dict(roots), list[str]()
        with suppress(TemplateError):  # told where it is filled in
            self.visit(wordless().parse(passage.text))

    def visit(self, node: nodes.Node) -> Any:
        """Return the type of an expression, after its parts have been looked at."""
        match node:
            case nodes.Name(ctx="load"):
                return self.names[node.name] if node.name in self.names else self.unknown(node, node.name, self.names)
            case nodes.Getattr():
                return self.part(node, self.visit(node.node), node.attr)
            case nodes.Getitem():
                return self.item(node)
            case nodes.Filter():
                return self.filtered(node)
            case nodes.For():
                of = _of(self.visit(node.iter))
                self.names |= {target.name: of for target in node.target.find_all(nodes.Name)} | {"loop": None}
                if isinstance(node.target, nodes.Name):
                    self.names[node.target.name] = of
            case nodes.Assign(target=nodes.Name(name=target)):
                self.names[target] = self.visit(node.node)
                return None
        for child in node.iter_child_nodes():
            self.visit(child)
        return None

    def item(self, node: nodes.Getitem) -> Any:
        base = self.visit(node.node)
        self.visit(node.arg)
        if isinstance(node.arg, nodes.Slice):
            return base
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self.part(node, base, node.arg.value)
        return _of(base)

    def part(self, node: nodes.Node, base: Any, key: str) -> Any:
        """Return the type of a part of a type, and tell if there is none of the name."""
        base = _known(base)
        if get_origin(base) is dict:
            return get_args(base)[1]
        if isinstance(base, Mapping):
            return base[key] if key in base else self.unknown(node, key, base)
        if names := stored.fields_of(base):
            return names[key] if key in names else self.unknown(node, key, names, f" of {base.__name__}")
        if base in (int, float, str, bool) or get_origin(base) is list:
            self.told.append(f"{self.at(node)}: {base} has no part '{key}'")
        return None

    def filtered(self, node: nodes.Filter) -> Any:
        of = self.visit(node.node) if node.node else None
        for argument in (*node.args, *(pair.value for pair in node.kwargs)):
            self.visit(argument)
        keys = [pair.value for pair in node.kwargs if pair.key == "attribute"]
        keys += node.args[:1] if node.name in ("selectattr", "rejectattr") else []
        depth = 2 if node.name == "map" and node.args else 1  # map("map", attribute=...) goes into lists of lists
        for key in keys:
            if isinstance(key, nodes.Const) and isinstance(key.value, str):
                inner = _of(_of(of)) if depth == 2 else _of(of)
                part = self.part(node, inner, key.value)
                if node.name == "map" and part is not None:
                    return list[list[part]] if depth == 2 else list[part]  # type: ignore[valid-type]
        if node.name == "contrasted":
            return Estimate
        return _of(of) if node.name in ONE else of if node.name in SAME else None

    def unknown(self, node: nodes.Node, key: str, known: Iterable[str], whose: str = "") -> None:
        """Tell of a name that there is not."""
        self.told.append(f"{self.at(node)}: unknown number '{key}'{whose}{guess(key, known)}")

    def at(self, node: nodes.Node) -> str:
        """Return `path:line` of a node."""
        return f"{self.passage.path}:{self.passage.line + node.lineno - 1}"


def _known(hint: Any) -> Any:
    """Return what an optional value is where there is one."""
    if get_origin(hint) in (Union, UnionType):
        options = [option for option in get_args(hint) if option is not NoneType]
        return options[0] if len(options) == 1 else None
    return hint


def _of(hint: Any) -> Any:
    """Return the type of what a list or mapping holds."""
    hint = _known(hint)
    return get_args(hint)[-1] if get_origin(hint) in (list, dict) else None

"""Every number that a text asks for, held against the types of results: what none can have is found without any."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from jinja2 import TemplateError, nodes

from ferpipe.results import stored
from ferpipe.results.common import Across
from ferpipe.results.original import Agreement
from ferpipe.text import claims, loose, parity, report, section
from ferpipe.text.claims import VERDICTS, name
from ferpipe.text.expressions import wordless
from ferpipe.text.problems import Problems, guess
from ferpipe.text.section import Claim, Passage, Section

EDITION = {"name": str, "local": bool, "faces": bool, "shows": str, "classes": list[str], "compared": bool}
FINDINGS = {**dict.fromkeys(("all", *VERDICTS, "apart", "both", "alike"), int), "learned": bool, "passing": list[str]}
CLAIM = dict.fromkeys(
    (
        "verdict",
        *VERDICTS,
        "value",
        "interval",
        "n",
        "threshold",
        "smallest",
        "networks",
        "past",
        "control",
        "values",
        "untrained",
        "bar",
        "bound",
    )
)
ONE = ("first", "last", "min", "max")  # filters that give a part of a list
SAME = ("list", "sort", "reverse", "unique", "selectattr", "rejectattr", "abs")  # and what they are given

# A type is a hint, or names with their types, or None where nothing is known of it.


def problems(sections: Sequence[Section], analyses: Iterable[str], nouns: Iterable[str] = ()) -> list[str]:
    """Return a line for each path in the sections that results of these analyses cannot have, with its place.

    `nouns` are names that need no result.
    """
    roots = {
        **dict.fromkeys(nouns, str),
        "findings": FINDINGS,
        **{analysis: stored.type_of(analysis) for analysis in analyses},
        "original": stored.type_of("original"),
        "agreement": Agreement,
        "edition": EDITION,
        "range": None,
        "claims": {name(claim.id): CLAIM for part in sections for claim in part.claims},
    }
    lines = [line for part in sections for passage in _passages(part) for line in _Walk(passage, roots).told]
    return lines + [line for part in sections for claim in part.claims for line in _unproven(claim, roots)]


def check(folder: Path, analyses: Iterable[str]) -> str:
    """Return a line on the report in `folder`; raises Problems with all that is wrong in its sections.

    Paths, what one language alone says, typed numbers, claims without a form for a verdict: what asks for no result.
    """
    frame, name = report.read(folder), folder.name
    read = [
        section.read(folder / "sections" / f"{part}.md", f"{name}/sections/{part}.md", frame.languages)
        for part in frame.sections
    ]
    nouns = {noun for language in frame.languages for noun in language.nouns}
    sections, told = [part for part, _ in read], [line for _, lines in read for line in lines]
    told += problems(sections, analyses, nouns) + framed(folder.parent / "templates")
    told += [line for part in sections for line in parity.problems(part)] + loose.problems(sections)
    told += claims.problems(sections, frame.languages)
    if told:
        raise Problems(told, "mend the above")
    return f"{len(sections)} sections: results have every number that they ask for"


def framed(templates: Path) -> list[str]:
    """Return a line for each path in the pages' templates that the results' settings and the original cannot have."""
    told = []
    for path in sorted(templates.glob("*.html")):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"\b(?:edition\.(settings)|report\.(original))((?:\.\w+)+)(\()?", text):
            line, hint = text.count("\n", 0, match.start()) + 1, stored.type_of(match[1] or match[2])
            for key in match[3].split(".")[1 : -1 if match[4] else None]:  # a method is called
                names = stored.fields_of(hint)
                if names and key not in names:
                    problem = f"unknown number '{key}' of {hint.__name__}{guess(key, names)}"
                    told.append(f"templates/{path.name}:{line}: {problem}")
                hint = names.get(key)
    return told


def _passages(part: Section) -> Iterator[Passage]:
    yield from (passage for text in part.texts for passage in text.values())
    for claim in part.claims:
        for passage in (claim.statistic, claim.threshold):
            yield Passage(f"{{{{ {passage.text} }}}}", passage.path, passage.line)


def _unproven(claim: Claim, roots: Mapping[str, object]) -> Iterator[str]:
    """Yield a line on a claim whose statistic is no path to one over networks."""
    passage = Passage(claim.statistic.text, claim.statistic.path, claim.statistic.line)
    hint = _known(_Walk(passage, roots, expression=True).type)
    plain = re.fullmatch(r"\w+(\.\w+)+", claim.statistic.text)  # other programs look its values up by it
    if not plain or hint not in (None, Across):
        got = getattr(hint, "__name__", hint) if plain else "an expression"
        yield f"{claim.statistic.at(0)}: claim '{claim.id}': wanted a statistic over networks (Across), got {got}"


class _Walk:
    """What is wrong with the paths of a passage."""

    def __init__(self, passage: Passage, roots: Mapping[str, Any], expression: bool = False) -> None:
        self.passage, self.names, self.told = passage, dict(roots), list[str]()
        self.type = None  # of an expression
        with suppress(TemplateError, RecursionError):  # told where it is filled in
            tree = wordless().parse(f"{{{{ {passage.text} }}}}" if expression else passage.text)
            if expression and isinstance(output := tree.body[0], nodes.Output):
                self.type = self.visit(output.nodes[-1])
            else:
                self.visit(tree)

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
            case nodes.For(target=target):
                outer, element = self.names, _of(self.visit(node.iter))
                self.names = outer | dict.fromkeys(_bound(target)) | {"loop": None}
                if isinstance(target, nodes.Name):
                    self.names[target.name] = element
                for child in (*([node.test] if node.test else []), *node.body, *node.else_):
                    self.visit(child)
                self.names = outer
                return None
            case nodes.Assign(target=target):
                value = self.visit(node.node)
                self.names |= dict.fromkeys(_bound(target), value if isinstance(target, nodes.Name) else None)
                return None
            case nodes.And() | nodes.Or():
                left, right = self.visit(node.left), self.visit(node.right)
                return right if left is None or isinstance(node, nodes.And) else left
            case nodes.CondExpr():
                self.visit(node.test)
                parts = [self.visit(part) for part in (node.expr1, node.expr2) if part]
                return next((part for part in parts if part is not None), None)
            case nodes.With():
                outer, values = self.names, [self.visit(value) for value in node.values]
                self.names = outer | dict(zip((_bound(target)[0] for target in node.targets), values, strict=True))
                for child in node.body:
                    self.visit(child)
                self.names = outer
                return None
            case nodes.Macro() | nodes.AssignBlock():  # what they bind is followed no further
                self.names |= dict.fromkeys(_bound(node)) | {"caller": None}
                self.names |= {node.name: None} if isinstance(node, nodes.Macro) else {}
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
        fields = list(stored.fields_of(_known(base)).values())
        return fields[0] if fields and fields.count(fields[0]) == len(fields) else _of(base)  # whichever it is

    def part(self, node: nodes.Node, base: Any, key: str) -> Any:
        """Return the type of a part of a type, and tell if there is none of the name."""
        base = _known(base)
        if get_origin(base) is dict:
            keys = get_args(get_args(base)[0])  # of a Literal
            return get_args(base)[1] if not keys or key in keys else self.unknown(node, key, keys)
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
            if isinstance(key, nodes.Const) and isinstance(key.value, str) and key.value.isidentifier():
                inner = _of(_of(of)) if depth == 2 else _of(of)
                part = self.part(node, inner, key.value)
                if node.name == "map" and part is not None:
                    return list[list[part]] if depth == 2 else list[part]  # type: ignore[valid-type]
        return _of(of) if node.name in ONE else of if node.name in SAME else None

    def unknown(self, node: nodes.Node, key: str, known: Iterable[str], whose: str = "") -> None:
        """Tell of a name that there is not."""
        self.told.append(f"{self.at(node)}: unknown number '{key}'{whose}{guess(key, known)}")

    def at(self, node: nodes.Node) -> str:
        """Return `path:line` of a node."""
        return f"{self.passage.path}:{self.passage.line + node.lineno - 1}"


def _bound(node: nodes.Node) -> list[str]:
    """Return the names that a node binds."""
    names = [node] if isinstance(node, nodes.Name) else node.find_all(nodes.Name)
    return [name.name for name in names if name.ctx != "load"]


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

"""Expressions in the text: Jinja2 over the results, with every unknown number found, in branches not taken too."""

import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache, partial, reduce
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ferpipe.storage.encoding import JSON
from ferpipe.text import memo
from ferpipe.text.formats import filters
from ferpipe.text.hold import Held
from ferpipe.text.language import WORDLESS, Language, Missing
from ferpipe.text.problems import guess, nearest
from ferpipe.text.section import Passage
from ferpipe.text.sparks import spark

Path = tuple[str | int, ...]
Compiled = tuple[list[tuple[int, Path]], CodeType]  # line and path of the numbers that a text needs, and its code

FAULTS = (TemplateError, ValueError, TypeError, LookupError, ArithmeticError, RecursionError, Missing)
UNFIT = ("attr", "batch", "center", "format", "indent", "random", "slice")  # filters: of any size, or by chance


class Expressions(ImmutableSandboxedEnvironment):
    """Jinja2 with the language's filters; a value's text is held back so that Markdown leaves it alone.

    In its sandbox a text reaches the results and nothing else, and makes nothing larger than they are.
    """

    intercepted_binops = frozenset({"*", "**", "%"})

    def __init__(self, language: Language, held: Held) -> None:
        super().__init__(
            undefined=StrictUndefined,
            autoescape=True,
            finalize=pass_context(lambda _, value: held.value(value)),  # never while compiling: the code is shared
            keep_trailing_newline=True,
            trim_blocks=True,  # a test on a line of its own breaks no paragraph
            comment_start_string="{##",  # {# would swallow Markdown's {#anchor}
            comment_end_string="##}",
        )
        self.globals = {"range": self.globals["range"]}  # the sandbox's own, of 100,000 at most
        for name in UNFIT:
            del self.filters[name]
        self.filters.update(filters(language))
        self.filters["spark"] = partial(spark, language)
        self.language = language

    def getattr(self, obj: object, attribute: str) -> object:
        """Return a number by name: a mapping's methods (items, values) never hide one."""
        if isinstance(obj, Mapping):
            return self.getitem(obj, attribute)
        return None if obj is None else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> object:
        """Return a part of a number that this run has none of as none, which the filters write as a dash."""
        return None if obj is None else super().getitem(obj, argument)

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Return whether a text may use an attribute: of words none, since they could be made of any length."""
        return not isinstance(obj, str | bytes) and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: object) -> None:
        """Return nothing: the sandbox's own way round the above, with which a text could ask for any width."""

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of `*`, `**` or `%`; raises SecurityError for words and lists, and for huge powers."""
        if not all(isinstance(value, int | float) and abs(value) < 1e18 for value in (left, right)):
            raise SecurityError(f"{operator} wants numbers below 1e18")
        if operator == "**" and abs(right) > 16:
            raise SecurityError(f"the power {right} is above 16")
        return super().call_binop(context, operator, left, right)

    def fill(self, passage: Passage, values: JSON, problems: list[str]) -> str:
        """Return the text with its expressions filled in, and add what is wrong with them to `problems`."""
        if "{{" not in passage.text and "{%" not in passage.text:
            return passage.text
        try:
            needs, code = self._compiled(passage.text)
            lacking = {(line, path) for line, path in needs if not _has(values, path)}
            unknown = sorted(lacking, key=lambda place: (place[0], _spell(place[1])))
            problems += [f"{passage.path}:{passage.line + line - 1}: {_tell(path, values)}" for line, path in unknown]
            return "" if unknown else Template.from_code(self, code, self.make_globals(None)).render(values)
        except TemplateSyntaxError as error:
            problems.append(f"{passage.path}:{passage.line + error.lineno - 1}: {error.message or 'cannot be read'}")
        except FAULTS as error:
            problems.append(f"{passage.path}:{passage.line + _line(error) - 1}: {error}")
        return ""

    def roots(self, text: str) -> set[str]:
        """Return the outermost names of a text's numbers, in every branch; raises TemplateError on what is no text.

        What a test `is defined` guards is exempt.
        """
        return {str(path[0]) for _, path in _wanted(self.parse(text), set(self.globals), everywhere=True)}

    def computed(self, passage: Passage, values: JSON) -> JSON:
        """Return the numbers that a text prints and that are not results themselves, by the expression that gives them.

        Without the filters that only write a number; what a loop names is part of a result, and left out.
        """
        numbers: JSON = {}
        for match in _PRINTED.finditer(passage.text):
            expression = " ".join(match[1].split())
            while _WRITING.search(expression):
                expression = _WRITING.sub("", expression)
            if re.search(r"[^\w.\[\]]", expression):
                # what is wrong with an expression is told by `fill`, with its line
                with suppress(*FAULTS):
                    value = self.value(expression, values)
                    if isinstance(value, int | float):
                        numbers[expression] = value
                    elif not isinstance(value, str):
                        numbers |= {f"{expression}[{index}]": part for index, part in enumerate(value)}
        return numbers

    def value(self, expression: str, values: JSON) -> Any:
        """Return what an expression gives, as Jinja2's compile_expression does, but from code that is known again."""
        _, code = self._compiled(setting(expression))
        template = Template.from_code(self, code, self.make_globals(None))
        return vars(template.make_module(values))["result"]

    def _compiled(self, text: str) -> Compiled:
        """Return what a text needs, and its code: both serve every edition."""

        def compiled() -> Compiled:
            tree = self.parse(text)
            self._check_names(tree)
            return list(_wanted(tree, set(self.globals))), self.compile(tree)

        return memo.once(" ".join(["filled", self.language, *self.language.classes]), text, compiled)

    def _check_names(self, tree: nodes.Template) -> None:
        """Raise for a filter or test that there is none of; in a branch not taken Jinja2 itself would pass it over."""
        for kind, node, known in (("filter", nodes.Filter, self.filters), ("test", nodes.Test, self.tests)):
            for use in tree.find_all(node):
                if use.name not in known:
                    raise TemplateSyntaxError(f"No {kind} named '{use.name}'.{guess(use.name, known)}", use.lineno)


_PRINTED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_WRITING = re.compile(
    r"\s*\|\s*(?:number|integer|percent|points|fall|change|interval|listing|map\(\"number\".*?\)|map\(\"class_name\"\)|class_name)(?:\([^()]*\))?$"
)


@cache
def wordless(classes: tuple[str, ...] = ()) -> Expressions:
    """Return what reads expressions whose value matters, and not how a language writes it."""
    return Expressions(WORDLESS.about("", classes), Held())


def setting(expression: str) -> str:
    """Return a text that gives the expression's value a name."""
    return f"{{% set result = {expression} %}}"


def flat(values: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every number and word of the results by the path that the text uses: confusion.recall[0].value."""
    if isinstance(values, Mapping | list | tuple):
        for key, value in values.items() if isinstance(values, Mapping) else enumerate(values):
            yield from flat(value, _join(path, key))
    elif values is not None:
        yield path, values


def _join(path: str, key: str | int) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    if not key.isidentifier():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _spell(path: Path) -> str:
    return reduce(_join, path, "")


def _tell(path: Path, values: JSON) -> str:
    """Return the line for an unknown number, with the nearest known one."""
    near = _nearest(path, values)
    return f"unknown number '{_spell(path)}'" + (f" (did you mean '{_spell(near)}'?)" if near else "")


def _nearest(path: Path, values: object) -> Path:
    """Return the path with each key that is not there replaced by the most similar one; empty where none is."""
    near: list[str | int] = []
    for key in path:
        if isinstance(values, Mapping) and (known := key if key in values else nearest(str(key), values)) is not None:
            near.append(known)
            values = values[known]
        elif isinstance(values, list | tuple) and isinstance(key, int) and key < len(values):
            near.append(key)
            values = values[key]
        else:
            return ()
    return tuple(near) if tuple(near) != path else ()


def _wanted(tree: nodes.Template, free: set[str], everywhere: bool = False) -> Iterator[tuple[int, Path]]:
    """Yield line and path of every number that the results must hold.

    What a test `is defined` guards is exempt, and so is, but for `everywhere`, a branch that depends on the edition:
    the number may belong to another one.
    """
    local = {name.name for name in tree.find_all(nodes.Name) if name.ctx != "load"} | {"loop"} | free
    guarded = {chain(test.node) for test in tree.find_all(nodes.Test) if test.name in ("defined", "undefined")}
    guarded |= {chain(call.node) for call in tree.find_all(nodes.Filter) if call.name == "default" and call.node}
    for node, elsewhere in _loads(tree, False):
        path = chain(node)
        exempt = (elsewhere and not everywhere) or any(path[: len(guard)] == guard for guard in guarded if guard)
        if path and path[0] not in local and not exempt:
            yield node.lineno, path


def _loads(node: nodes.Node, elsewhere: bool) -> Iterator[tuple[nodes.Node, bool]]:
    """Yield the outermost name of each chain, and whether it stands in a branch that depends on the edition."""
    if chain(node):  # of a place that is computed, [-1], what it is a place of stands inside
        yield node, elsewhere
        return
    if isinstance(node, nodes.If | nodes.CondExpr):
        tests = (node.test, *node.test.find_all(nodes.Name))
        elsewhere = elsewhere or any(isinstance(test, nodes.Name) and test.name == "edition" for test in tests)
    for child in node.iter_child_nodes():
        yield from _loads(child, elsewhere)


def chain(node: object) -> Path:
    """Return `a.b[0]` as ("a", "b", 0); empty when a part of it is computed."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr) and (base := chain(node.node)):
        return (*base, node.attr)
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and (base := chain(node.node)):
        return (*base, node.arg.value)
    return ()


def _has(values: Any, path: Path) -> bool:
    key: Any
    try:
        for key in path:
            if values is None:  # a number that this run has none of: a test in the text decides when it is filled in
                return True
            if not isinstance(values, Mapping | list | tuple):
                return False
            values = values[key]
    except (LookupError, TypeError):
        return False
    return True


def _line(error: Exception) -> int:
    """Return the template's line on which an expression failed: Jinja2 writes it into the traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "<template>"]
    return frames[-1].lineno or 1 if frames else 1

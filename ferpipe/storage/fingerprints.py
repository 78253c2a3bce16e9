"""Hashes of code, files and values: what a recipe is made of.

A module's fingerprint covers its own code and, transitively, that of the project's modules it imports, without comments
and docstrings, so that an edit to a comment reruns nothing and a changed helper reruns what uses it. What only stores,
runs or tells the work (ASIDE) changes no result, and makes nothing stale.
"""

import ast
import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parents[1]
Parsed = dict[str, Any]  # JSON: the hash of a file's bytes -> the hash of its code, and what it imports
ASIDE = (  # rooms, and modules of other rooms
    "ferpipe.storage", "ferpipe.build", "ferpipe.errors", "ferpipe.results.stored", "ferpipe.networks.checkpoints",
    "ferpipe.data.cache", "ferpipe.text.memo",
)  # fmt: skip


def of_bytes(content: bytes) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()[:16]


def of_value(value: object) -> str:
    """Return the fingerprint of a JSON value."""
    return of_bytes(json.dumps(value, sort_keys=True).encode())


def of_file(path: Path) -> str:
    """Return the fingerprint of a file's content, read in pieces; of JSON whatever its line ends are."""
    if path.suffix == ".json":
        return of_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def code(*modules: str, known: Parsed | None = None) -> dict[str, str]:
    """Return the fingerprint of each of the project's modules that `modules` are made of, by name.

    `known` is a memory of parsed files by the hash of their bytes; it is filled, and spares parsing them again.
    """
    hashes: dict[str, str] = {}
    waiting = [*modules]
    while waiting:
        name = waiting.pop()
        if name in hashes or aside(name) or (path := _file(name)) is None:
            continue
        hashes[name], imports = _parsed(path, known)
        waiting += [holder for imported in imports if (holder := _module(imported))]
    return dict(sorted(hashes.items()))


def module(name: str, known: Parsed | None = None) -> str:
    """Return the fingerprint of one module's own code, whether it stands aside or not."""
    path = _file(name)
    assert path is not None, name
    return _parsed(path, known)[0]


@cache
def aside(name: str) -> bool:
    """Return whether a module only stores, runs or tells the work of others."""
    return f"{name}.".startswith(tuple(f"{room}." for room in ASIDE))


@cache
def _module(name: str) -> str | None:
    """Return the module that an import names, itself or, of a value, the one that holds it; None of another project.

    A module is not made of the package that holds it: the list of all analyses is no part of any of them.
    """
    return next((holder for holder in (name, name.rpartition(".")[0]) if holder and _file(holder)), None)


@cache
def _file(name: str) -> Path | None:
    base = PACKAGE.parent.joinpath(*name.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


def _parsed(path: Path, known: Parsed | None) -> tuple[str, list[str]]:
    known = {} if known is None else known
    state = os.stat(path)
    key = _hash(path, state.st_mtime_ns, state.st_size)
    if key not in known:
        tree = ast.parse(path.read_bytes())
        known[key] = [_tree_hash(tree), sorted(_imports(tree))]
    return known[key][0], known[key][1]


@lru_cache(1024)  # a process asks for the same modules again and again
def _hash(path: Path, changed: int, size: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _tree_hash(tree: ast.Module) -> str:
    for node in [tree, *_statements(tree)]:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return of_bytes(_text(tree).encode())


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every statement below a node; there are ten expressions to one, and none of them holds a statement."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from _statements(child)


def _text(node: object) -> str:
    """Return a syntax tree in words, without what is empty: newer Pythons add empty fields, which are no change."""
    if isinstance(node, list):
        return f"[{', '.join(map(_text, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, getattr(node, name, None)) for name in node._fields)
    written = [f"('{name}', {_text(value)})" for name, value in fields if value is not None and value != []]
    return f"('{type(node).__name__}', [{', '.join(written)}])"


def _imports(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from ferpipe.data import rendered` may name a module or a value: _module tells which
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] == PACKAGE.name}

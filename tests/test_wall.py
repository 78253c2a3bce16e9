"""What each part of the package may import: the two sides meet in results alone."""

import ast
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ferpipe"
LEARN = {"numpy", "torch", "torchvision", "safetensors", "tqdm"}
MAY = {  # a room -> the rooms that it may import, all of them below it; then other packages
    "errors": ((), set()),
    "size": ((), set()),
    "named": ((), set()),
    "storage": (("errors",), {"numpy", "filelock"}),
    "results": (("errors", "named", "storage"), {"numpy"}),
    "data": (("errors", "size", "storage"), {"numpy", "PIL"}),
    "data.faces": (("errors", "size", "data.dataset"), {"numpy"}),
    "networks": (("errors", "size", "storage", "data.dataset"), LEARN),
    "training": (("errors", "size", "storage", "data.dataset", "data.cache", "networks"), LEARN),
    "explainers": (("errors", "size", "networks"), {"numpy", "torch", "lime", "skimage", "sklearn", "scipy"}),
    "statistics": (("results.common",), {"numpy", "scipy"}),
    "analyses": (
        ("errors", "size", "storage.encoding", "data.dataset", "data.faces", "data.fer2013", "networks", "explainers",
         "statistics",
         "results"),
        {"numpy", "torch", "torchvision", "lime", "captum", "skimage", "sklearn", "scipy"},
    ),
    "text": (
        ("errors", "size", "storage", "results", "statistics.verdicts"),
        {"jinja2", "markdown", "markupsafe", "pybtex"},
    ),
    "drawing": (
        ("errors", "size", "named", "storage", "results", "text"), {"numpy", "matplotlib", "PIL", "markupsafe"}
    ),
    "figures": (
        ("errors", "size", "results", "statistics.verdicts", "text", "drawing"),
        {"numpy", "matplotlib", "PIL", "markupsafe"},
    ),
    "render": (
        ("errors", "storage", "results", "text", "drawing", "figures"), {"numpy", "jinja2", "markupsafe"}
    ),
    "build": (
        ("errors", "size", "named", "storage", "results", "data", "networks", "training", "analyses", "text",
         "render"),
        {*LEARN},
    ),
}  # fmt: skip
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_part_may(path):
    part = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    room = max((one for one in MAY if part == one or part.startswith(f"{one}.")), key=len)
    own, others = (room, *MAY[room][0]), MAY[room][1]
    for name in imported(path):
        top, *below = name.split(".")
        if top == "ferpipe":
            below = ".".join(below)
            if below == "__version__":
                continue
            assert any(below == good or below.startswith(f"{good}.") for good in own), f"{path.name} imports {name}"
        else:
            assert top in others or top in sys.stdlib_module_names, f"{path.name} imports {name}"


@pytest.mark.parametrize("name", ["answers", "attributions", "perturbation", "superpixels", "surrogates"])
def test_what_explains_any_network_knows_neither_our_networks_nor_our_faces(name):
    names = list(imported(PACKAGE / "explainers" / f"{name}.py"))
    assert not [one for one in names if one.startswith(("ferpipe.networks", "ferpipe.size"))]
    assert not {"stem", "service", "methods"} & {
        one.split(".")[2] for one in names if one.startswith("ferpipe.explainers")
    }


def test_every_arrow_between_rooms_points_down():
    """Rooms stand in MAY's order: none imports from a later one, so that no circle can be."""
    order = list(MAY)
    for room, (below, _) in MAY.items():
        for one in below:
            of = max((other for other in MAY if one == other or one.startswith(f"{other}.")), key=len)
            assert order.index(of) < order.index(room), f"{room} imports {one}"


def test_a_result_is_made_by_the_names_of_its_fields():
    """A dict unpacked into one would hide a renamed field from mypy; another result's fields are typed."""
    for path in sorted((PACKAGE / "analyses").glob("*.py")):
        tree = ast.parse(path.read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        types = {a.name for node in imports if (node.module or "").startswith("ferpipe.results") for a in node.names}
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id in types:
                unpacked = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
                allowed = [value for value in unpacked if value.startswith("vars(")]
                assert allowed == unpacked, f"{path.name}:{call.lineno}: {unpacked}"


def test_every_file_of_the_package_is_installed_with_it():
    patterns = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    installed = {path for pattern in patterns["ferpipe"] for path in PACKAGE.glob(pattern)}
    others = {path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert sorted(others - installed) == []


def test_verdicts_need_no_scipy():
    """Whoever only renders a report has none."""
    for name in ("verdicts", "student"):
        assert "scipy" not in {name.split(".")[0] for name in imported(PACKAGE / "statistics" / f"{name}.py")}

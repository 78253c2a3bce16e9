"""What each part of the package may import: the two sides meet in results alone."""

import ast
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ferpipe"
BASE = {"atomic", "emotions", "errors", "fingerprints", "freshness", "places", "results"}
MAY = {  # part -> the project's parts, then other packages
    "atomic": (set(), set()),
    "emotions": (set(), set()),
    "errors": (set(), set()),
    "options": (set(), set()),
    "fingerprints": (set(), set()),
    "results": (BASE, {"numpy"}),
    "restricted": (BASE, {"numpy"}),
    "freshness": (BASE, set()),
    "layout": (BASE | {"options"}, set()),
    "places": ({"atomic", "errors"}, set()),
    "summary": (BASE | {"layout", "options"}, set()),
    "lock": (BASE, {"filelock"}),
    "stops": (set(), set()),
    "pipeline": (
        BASE
        | {"layout", "lock", "options", "restricted", "summary", "analyses", "training.presets", "training.recipes"}
        | {"data.dataset"},
        set(),
    ),
    "data": (BASE | {"data"}, {"numpy", "PIL"}),
    "predict": (BASE | {"data", "layout", "training", "options", "shipping"}, {"numpy", "torch", "tqdm"}),
    "shipping": (BASE | {"data", "training"}, {"numpy", "torch", "safetensors"}),
    "training": (
        BASE | {"data.dataset", "training", "options"},
        {"numpy", "torch", "torchvision", "safetensors", "tqdm"},
    ),
    "analyses": (
        BASE | {"data.dataset", "data.rendered", "training", "analyses"},
        {"numpy", "torch", "torchvision", "lime", "captum", "skimage", "sklearn", "scipy"},
    ),
    "text": (BASE | {"text"}, {"jinja2", "markdown", "markupsafe"}),
    "figures": (BASE | {"text", "figures"}, {"numpy", "matplotlib", "PIL", "markupsafe"}),
    "render": (BASE | {"restricted", "text", "figures", "render"}, {"numpy", "jinja2", "markupsafe"}),
}
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_part_may(path):
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    own, others = MAY[part]
    for name in imported(path):
        top, *below = name.split(".")
        if top == "ferpipe":
            below = ".".join(below)
            if below == "__version__":
                continue
            assert any(below == good or below.startswith(f"{good}.") for good in own), f"{path.name} imports {name}"
        else:
            assert top in others or top in sys.stdlib_module_names, f"{path.name} imports {name}"

"""Rendering needs no torch, a cached one draws nothing, and asking whether it is stale costs milliseconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from clones import ROOT, contents

BLOCK = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked}:
            raise ImportError(name + " is behind the wall")
sys.meta_path.insert(0, Wall())
from pathlib import Path
from ferpipe.render import site
base, out = Path(sys.argv[1]), Path(sys.argv[2])
"""
TORCH = ["torch", "torchvision", "lime", "captum", "skimage", "sklearn", "scipy", "safetensors"]


def run(code: str, blocked: list[str], *folders: Path) -> str:
    script = BLOCK.replace("{blocked}", repr(blocked)) + code
    command = [sys.executable, "-W", "error", "-c", script, *map(str, folders)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_the_committed_site_is_rendered_byte_for_byte_where_torch_cannot_be_imported(tmp_path: Path) -> None:
    run('site.render(base / "report/results", out / "site", artefacts=out, strict=True)', TORCH, ROOT, tmp_path)
    made, committed = (
        {path.removeprefix(str(folder)): file for path, file in contents(folder).items()}
        for folder in (tmp_path / "site", ROOT / "site")
    )
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []


def test_a_cached_render_draws_nothing(made: Path, tmp_path: Path) -> None:
    code = 'site.render(base / "results", out / "site", artefacts=base / "artefacts", editions=["rendered"])'
    run(code, [*TORCH, "matplotlib", "PIL"], made, tmp_path)
    assert (tmp_path / "site" / "en" / "index.html").is_file()


def test_the_recipe_imports_nothing_heavy(made: Path, tmp_path: Path) -> None:
    code = 'print(len(site.recipe(base / "results", artefacts=base / "artefacts", editions=["rendered"])["code"]))'
    heavy = [*TORCH, "matplotlib", "PIL", "numpy", "jinja2", "markdown", "markupsafe"]
    assert int(run(code, heavy, made, tmp_path)) > 30

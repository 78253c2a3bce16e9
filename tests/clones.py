"""Clones of the tree that tests build in, so that nothing of ours is touched."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def clone(folder):
    """What git would give: the tree without artefacts, results or site."""
    for name in ("ferpipe", "report", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "results"))
    shutil.copy(ROOT / "build.py", folder)
    return folder


def build(folder, *arguments, python=()):
    threads = () if "render" in arguments else ("--threads", 1)  # tests run side by side
    call = [sys.executable, *python, "build.py", *map(str, (*arguments, *threads))]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, timeout=300)


def well(done):
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def contents(*folders):
    return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}

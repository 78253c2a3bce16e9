"""Print how long a build takes when nothing changed, when a sentence changed, and to render without any cache.

python tests/benchmarks/rebuild.py        after a build of the rendered faces; seconds of the whole process, medians,
for every edition that has results
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
USUAL = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # compile once


def clone(folder: Path) -> Path:
    """Return a copy of the tree with its results and artefacts, so that the benchmark edits nothing of yours."""
    for name in ("ferpipe", "report", "templates", "site", ".artefacts"):
        left = shutil.ignore_patterns("__pycache__", *["fer2013", "runs"] * (name == ".artefacts"))
        shutil.copytree(ROOT / name, folder / name, ignore=left)
    shutil.copy(ROOT / "build.py", folder)
    return folder


def seconds(folder: Path, *arguments: str) -> float:
    """Return the seconds that one call of build.py takes."""
    began = time.perf_counter()
    call = [sys.executable, "build.py", *arguments]
    subprocess.run(call, cwd=folder, env=USUAL, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Print the three medians."""
    with tempfile.TemporaryDirectory() as place:
        folder = clone(Path(place) / "clone")
        seconds(folder)
        section = folder / "report/sections/run.md"
        text = section.read_text()
        unchanged, edited, cold = [], [], []
        for k in range(5):
            unchanged.append(seconds(folder))
            section.write_text(text.replace("<!-- en -->\n", f"<!-- en -->\nA sentence more{' and more' * k}.\n\n"))
            edited.append(seconds(folder))
        for k in range(3):
            cold.append(seconds(folder, "render", "--artefacts", str(Path(place) / f"cold-{k}")))
        for name, values in (("nothing changed", unchanged), ("a sentence edited", edited), ("cold render", cold)):
            print(f"{name:<20} {statistics.median(values):6.2f} s  (of {len(values)}, slowest {max(values):.2f})")


if __name__ == "__main__":
    main()

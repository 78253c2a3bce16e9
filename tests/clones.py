"""Clones of the tree that tests build in, so that nothing of ours is touched."""

import contextlib
import importlib.util
import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from ferpipe.data.dataset import Split

ROOT = Path(__file__).parents[1]
PLACES = ("output", "artefacts", "results")


def clone(folder):
    """What git would give: the tree without artefacts, results or site."""
    for name in ("ferpipe", "report", "templates"):
        left = ("__pycache__", "results") if name == "report" else ("__pycache__",)
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*left))
    shutil.copy(ROOT / "build.py", folder)
    return folder


def table(path, train, dev):
    """Write a `fer2013.csv` of pictures that a network can tell apart: the class is the bright row."""
    rng, rows = np.random.default_rng(0), ["emotion,pixels,Usage"]
    for usage, count in (("Training", train), ("PublicTest", dev)):
        for k in range(count):
            face = rng.integers(0, 60, (48, 48))
            face[6 * (k % 7) : 6 * (k % 7) + 6] += 150
            rows.append(f"{k % 7},{' '.join(map(str, face.ravel()))},{usage}")
    path.write_text("\n".join(rows) + "\n")


def split(n, seed):
    """Faces that a network can tell apart: the class is the bright row."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 7
    images = rng.integers(0, 60, (n, 48, 48), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6 * label : 6 * label + 6] += 180
    return Split(images, labels, np.arange(n).astype(str))


def build(folder, *arguments, python=()):
    threads = () if "render" in arguments else ("--threads", 1)  # tests run side by side
    call = [sys.executable, *python, "build.py", *map(str, (*arguments, *threads))]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, timeout=900)


def places(folder):
    """The flags that keep all that a build writes inside `folder`."""
    return [f"--{name}={folder / name}" for name in PLACES]


def build_here(*arguments):
    """Run the command line in this process, which has torch already; `places` must be among its arguments."""
    spec = importlib.util.spec_from_file_location("command_line", ROOT / "build.py")
    command_line = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command_line)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = command_line.main([*map(str, arguments), "--threads", "1"])
    return subprocess.CompletedProcess(arguments, status, out.getvalue(), err.getvalue())


def well(done):
    assert done.returncode == 0, done.stderr[-3000:]
    return done


def contents(*folders):
    return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}

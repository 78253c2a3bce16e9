#!/usr/bin/env python3
"""Train or load an ensemble of ResNet-18s, analyse what it looks at, and render the report: see README.md."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

# before torch is loaded: threads that spin for a short while only are as fast alone, and do not starve on shared cores
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own threads wait busily on the cores that torch's work on

sys.path.insert(0, str(Path(__file__).parent))  # a clone works before it is installed, for rendering at least

from ferpipe.build import stops

if __name__ == "__main__":
    stops.early()

from ferpipe.analyses import ANALYSES
from ferpipe.build.options import APART, Options
from ferpipe.build.pipeline import run
from ferpipe.errors import Slip
from ferpipe.training.presets import PRESETS

COMMANDS = ("build", "train", "analyse", "render", "predict", "explain", "compare", "serve", "check")
STAGES = ("data", "train", "analyse", "render")


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are slips."""

    def error(self, message: str) -> NoReturn:
        """Raise the complaint as a Slip."""
        raise Slip(f"{message}; python build.py --help lists what there is")


def path(text: str) -> Path:
    """Return a path; an empty one would be this folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"wanted a path, got {text!r}")
    return Path(text)


def word(text: str) -> str:
    """Return a name; an empty one would be none."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"wanted a name, got {text!r}")
    return text


def positive(text: str) -> int:
    """Return a whole number from 1."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 10**6:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 1, got {text!r}")
    return int(text)


def natural(text: str) -> int:
    """Return a whole number from 0, as a seed is."""
    if not text.isascii() or not text.isdigit() or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 to 2147483647, got {text!r}")
    return int(text)


def greys(text: str) -> tuple[float, ...]:
    """Return one or three numbers, of grey levels in [0, 1]."""
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = ()
    if len(values) not in (1, 3) or not all(-300 < value < 300 for value in values):
        raise argparse.ArgumentTypeError(f"wanted one number or three with commas, got {text!r}")
    return values


def port(text: str) -> int:
    """Return a port's number; 0 is any free one."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"wanted a port from 0 to 65535, got {text!r}")
    return int(text)


def options(arguments: list[str]) -> Options:
    """Return what the command line asks for; raises Slip."""
    parser = Parser(prog="build.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("command", nargs="?", default="build", choices=COMMANDS,
        help="build, the default, does all; train and analyse stop there; render needs no torch; predict tells the "
        "emotions in IMAGES; explain makes a page of each, compare one of two runs; serve shows the site and "
        "each edit of it; check finds what the text asks for and no result can have, and what one language "
        "lacks")  # fmt: skip
    add("images", nargs="?", type=path, metavar="IMAGES", help="one picture, or a folder, a zip or a CSV file of them")
    add("other", nargs="?", type=path, metavar="RUN", help="of compare, which takes two: names of runs, or folders of "
        "results, such as report/results")  # fmt: skip
    add("--data", type=path, metavar="PATH", help="a zip, a folder or a CSV file of FER2013, FER+ or RAF-DB, or "
        "pictures in folders of their classes; without it, rendered faces")  # fmt: skip
    add("--name", type=word, metavar="NAME", help="of the data set there; the default is its folder's")
    add(
        "--classes",
        type=word,
        metavar="SET",
        help="what numbers mean there: fer2013, ferplus, rafdb, affectnet, or a file of lines such as '0 happy'",
    )
    add("--members", type=positive, metavar="K", help="networks in the ensemble")
    add("--epochs", type=positive, metavar="N", help="epochs of each member")
    add("--seed", type=natural, default=0, metavar="S", help="of the first member; the next ones count on")
    add("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="auto takes a GPU where there is one")
    add("--threads", type=positive, metavar="N", help="of the processor; the default is one a core")
    add("--preset", default="default", choices=(*PRESETS["rendered"], "shipped"),
        help="how much work: see README.md; shipped trains nothing")  # fmt: skip
    add("--load", type=path, metavar="PLACE", help="instead of training, use members in a folder, or checkpoints of "
        "your own ResNet-18: a file, or a folder of such for an ensemble")  # fmt: skip
    add("--mean", type=greys, default=(), metavar="M", help="that a checkpoint's pictures were normalised with, as "
        "0.5 or 0.485,0.456,0.406; the default is read off the checkpoint")  # fmt: skip
    add("--std", type=greys, default=(), metavar="S", help="the same")
    add("--init", type=word, metavar="FILE", help="start from torchvision's ImageNet weights of ResNet-18: imagenet "
        "fetches them, a file holds them")  # fmt: skip
    add("--compile", action="store_true", help="compile the networks that are trained; wants a C compiler")
    add("--student", action="store_true", help="also distil the ensemble, or the members that --load names, into one "
        "network, in a quarter of the epochs where it is built as one of them and goes on from that")  # fmt: skip
    add("--network", default="ensemble", metavar="NAME", help="of predict and explain: ensemble, student, all (both), "
        "shipped or a member")  # fmt: skip
    add("--face", action="store_true", help="of explain: look at the largest face instead of the middle square")
    add("--only", choices=ANALYSES, metavar="ANALYSIS", help=f"run one analysis: {', '.join(ANALYSES)}")
    add("--rebuild", nargs="?", const="all", choices=("all", *STAGES, *ANALYSES), metavar="STAGE",
        help=f"make it again though it is fresh: {', '.join(STAGES)}, or an analysis; alone: all")  # fmt: skip
    add("--why", action="store_true", help="print everything that made a stage stale")
    add("--export", type=path, metavar="DIR", help="of render: write every figure into DIR, and no page")
    add("--format", choices=("pdf", "png"), default="pdf", help="of --export")
    add("--site-url", type=word, help="of render: where the page will be, with a slash at the end")
    add("--repository", type=word, help="of render: the web address of the code")
    add("--strict", action="store_true", help="also refuse unused figures, dead links, requests elsewhere, heavy pages")
    add("--release", action="store_true", help="strict, and refuse published results that are older than the code")
    add(
        "--run",
        type=word,
        metavar="NAME",
        help="of a trial, .artefacts/runs/NAME; the default is its data set, preset and seed",
    )
    add("--publish", nargs="?", type=word, const=True, metavar="NAME",
        help="make this run, or the one that is named, the published one in report/results/ and site/")  # fmt: skip
    add("--port", type=port, metavar="N", help="of serve; the default is 8000 or, where that is taken, a free one")
    add(
        "--output",
        type=path,
        metavar="DIR",
        help="the page's folder; of predict: a CSV file, or - (standard output); of explain: a file or a folder; of "
        "compare: a file",
    )
    add("--artefacts", type=path, metavar="DIR", help="members, caches, runs; instead of .artefacts/")
    add("--results", type=path, metavar="DIR", help="of the analyses")
    asked = Options(**named(vars(parser.parse_intermixed_args(arguments))))
    given = (asked.images is not None) + (asked.other is not None)
    wanted = {"predict": "IMAGES", "explain": "IMAGES", "compare": "RUN RUN"}.get(asked.command, "")
    if given != len(wanted.split()):
        got = " ".join(str(part) for part in (asked.images, asked.other) if part is not None) or "none"
        more = " (one picture, or one folder or zip of them)" if wanted == "IMAGES" else ""
        raise Slip(f"{asked.command}: wanted {wanted or 'no IMAGES'}{more}, got {got}; see --help")
    if bool(asked.mean) != bool(asked.std) or (asked.mean and asked.load is None) or min(asked.std, default=1) <= 0:
        raise Slip("--mean and --std go together, with --load CHECKPOINT, and a deviation is above zero")
    return asked


def named(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments with the run that --publish NAME names; raises Slip where it cannot be meant."""
    name, command = asked["publish"], asked["command"]
    if name is None:
        return {**asked, "publish": False}
    if command not in ("build", "render"):
        raise Slip(f"--publish goes with build or render, got {command}")
    if name in COMMANDS:
        raise Slip(f"--publish {name}: put the command first, as in build.py {name} --publish")
    if name is not True and asked["run"] not in (None, name):
        raise Slip(f"--publish {name} and --run {asked['run']}: name one run")
    return {**asked, "publish": True, "run": asked["run"] if name is True else name}


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit status: 0 done, 2 the user's slip, 130 interrupted."""
    try:
        asked = options(arguments)
        run(asked)
        print(end="", flush=True)  # what was printed may not fit on a full disk
    except Slip as slip:
        stops.say(*getattr(slip, "problems", ()), f"error: {slip}")
        return 2
    except BaseException as error:
        if stops.starved(error):
            stops.say(f"error: {stops.STARVED}")
            return 2
        if isinstance(error, ImportError) and (lacking := stops.missing(error)):
            stops.say(f"error: {lacking}")
            return 2
        if stops.stopped(error):
            stops.say(f"interrupted: {stops.AGAIN if {*APART} & {*arguments} else stops.KEPT}")
            return 130
        told = stops.told(error) if isinstance(error, OSError) else None
        if told is None:
            raise
        if isinstance(error, OSError) and error.filename is None:
            stops.hush(1)
        stops.say(f"error: {told}")
        return 2
    return 0


if __name__ == "__main__":
    stops.catch()
    stops.leave(main(sys.argv[1:]))

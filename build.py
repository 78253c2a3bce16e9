#!/usr/bin/env python3
"""Train or load an ensemble of ResNet-18s, analyse what it looks at, and render the report: see README.md."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

# before torch is loaded: threads that spin for a short while only are as fast alone, and do not starve on shared cores
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's own threads wait busily on the cores that torch's work on

sys.path.insert(0, str(Path(__file__).parent))  # a clone works before it is installed, for rendering at least

from ferpipe import stops

if __name__ == "__main__":
    stops.early()

from ferpipe.analyses import ANALYSES
from ferpipe.errors import Slip
from ferpipe.options import Options
from ferpipe.pipeline import run
from ferpipe.training.presets import PRESETS

STAGES = ("data", "train", "analyse", "render")


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are slips."""

    def error(self, message: str) -> NoReturn:
        """Raise the complaint as a Slip."""
        raise Slip(f"{message}; python build.py --help lists what there is")


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


def port(text: str) -> int:
    """Return a port's number; 0 is any free one."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"wanted a port from 0 to 65535, got {text!r}")
    return int(text)


def options(arguments: list[str]) -> Options:
    """Return what the command line asks for; raises Slip."""
    parser = Parser(prog="build.py", description=__doc__, allow_abbrev=False)
    add = parser.add_argument
    add("command", nargs="?", default="build", choices=("build", "train", "analyse", "render", "predict", "serve"),
        help="build, the default, does all; train and analyse stop there; render needs no torch; predict tells "
        "the emotions in IMAGES; serve shows the site and each edit of it")  # fmt: skip
    add("images", nargs="?", type=Path, metavar="IMAGES", help="one picture, or a folder, a zip or a CSV file of them")
    add("--data", type=Path, metavar="PATH", help="FER2013: a zip, a folder or a CSV file; without it, rendered faces")
    add("--members", type=positive, metavar="K", help="networks in the ensemble")
    add("--epochs", type=positive, metavar="N", help="epochs of each member")
    add("--seed", type=natural, default=0, metavar="S", help="of the first member; the next ones count on")
    add("--device", default="auto", choices=("auto", "cpu", "cuda", "mps"), help="auto takes a GPU where there is one")
    add("--threads", type=positive, metavar="N", help="of the processor; the default is one a core")
    add("--preset", default="default", choices=(*PRESETS["rendered"], "shipped"),
        help="how much work: see README.md; shipped trains nothing")  # fmt: skip
    add("--load", type=Path, metavar="DIR", help="use the members in DIR instead of training")
    add("--init", type=Path, metavar="FILE", help="start from torchvision's ImageNet weights of ResNet-18")
    add("--student", action="store_true", help="also distil the ensemble into one network")
    add("--network", default="ensemble", metavar="NAME", help="of predict: ensemble, student, shipped or a member")
    add("--only", choices=ANALYSES, metavar="ANALYSIS", help=f"run one analysis: {', '.join(ANALYSES)}")
    add("--rebuild", nargs="?", const="all", choices=("all", *STAGES, *ANALYSES), metavar="STAGE",
        help=f"make it again though it is fresh: {', '.join(STAGES)}, or an analysis; alone: all")  # fmt: skip
    add("--why", action="store_true", help="print everything that made a stage stale")
    add("--strict", action="store_true", help="also refuse unused figures, dead links, requests elsewhere, heavy pages")
    add("--port", type=port, metavar="N", help="of serve; the default is 8000 or, where that is taken, a free one")
    add("--output", type=Path, metavar="DIR", help="the page's folder, instead of site/; for predict: a CSV file")
    add("--artefacts", type=Path, default=Options.artefacts, metavar="DIR", help="members, caches, restricted pictures")
    add("--results", type=Path, default=Options.results, metavar="DIR", help="frozen results")
    asked = Options(**vars(parser.parse_intermixed_args(arguments)))
    if (asked.images is None) == (asked.command == "predict"):
        raise Slip(f"{asked.command}: wanted {'IMAGES' if asked.images is None else 'no IMAGES'}; see --help")
    return asked


def written(asked: Options) -> list[Path]:
    """Return the folders that the command writes to."""
    if asked.command == "predict":
        return [asked.output.absolute().parent] if asked.output else []
    folders = [asked.artefacts, asked.output, asked.results if asked.command not in ("render", "serve") else None]
    return [folder for folder in folders if folder is not None]


def check_writable(folder: Path) -> None:
    """Raise Slip unless files can be made in `folder`, or where it would be: before the work, not after it."""
    place = folder.absolute()
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise Slip(f"{folder}: cannot write there ({error.strerror}); name another folder") from None


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit status: 0 done, 2 the user's slip, 130 interrupted."""
    try:
        asked = options(arguments)
        for folder in written(asked):
            check_writable(folder)
        run(asked)
        print(end="", flush=True)  # what was printed may not fit on a full disk
    except Slip as slip:
        stops.say(*getattr(slip, "problems", ()), f"error: {slip}")
        return 2
    except MemoryError:
        stops.say("error: out of memory; whole epochs and finished stages are kept; a smaller --preset needs less")
        return 2
    except BaseException as error:
        if stops.stopped(error):
            stops.say(f"interrupted: {stops.KEPT}")
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

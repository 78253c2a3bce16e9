"""A page of its own for each of somebody's pictures: what the networks see in it, and how far that may be believed."""

import re
import sys
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from ferpipe.analyses import one_picture
from ferpipe.analyses.one_picture import Asked
from ferpipe.build import devices, predict
from ferpipe.build.options import ROOT, Options
from ferpipe.data import pictures, sources
from ferpipe.data.unlabelled import distinct
from ferpipe.errors import Slip
from ferpipe.networks import machine
from ferpipe.render import one_picture as pages
from ferpipe.results import stored
from ferpipe.results.one_picture import Cut, Given, Network
from ferpipe.storage import atomic, places
from ferpipe.text import report

if TYPE_CHECKING:
    import torch

    from ferpipe.results.network import Network as Alarm
    from ferpipe.results.scores import Scores

PREVIEW = 240  # pixels of the longer side
KIND, INDEX = "pages", "index.html"
MADE = re.compile(rb"<!doctype html>\n<html[^>]*>\n<head>\n<!-- made by ferpipe explain -->.*", re.DOTALL)
UNSAFE = re.compile(r"[^\w.-]+")


def explain(options: Options) -> None:
    """Write a page for each picture, to a file or into a folder with an index; raises Slip before anything is written.

    One picture makes one file; a folder or a zip makes a folder, however many pictures it holds.
    """
    assert options.images is not None and options.output is not None  # as guard.py has seen
    with sources.opened(options.images) as source:
        if not source.pictures:
            raise Slip(f"{source.title} holds no picture; explain wants a picture, or a folder or a zip of them")
        if source.unread:
            tqdm.write(source.warning)
        alone = options.images.is_file() and len(source.entries) == 1 and source.entries[0].place == options.images
        if alone:
            places.check_file("--output", options.output, options.images, MADE, "a page of explain", "face.html")
        else:
            places.check_folder("--output", options.output, ROOT, (ROOT, Path.cwd(), options.images))
        told = sys.stderr if alone and atomic.stream(options.output) else sys.stdout
        names = distinct([entry.name for entry in source.pictures])
        read = partial(given, face=options.face)
        crops = [
            read(pictures.upright(source.read(entry), source.name(entry)), name)
            for entry, name in zip(source.pictures, names, strict=True)
        ]
    files = dict(zip(_files(names), crops, strict=True))
    if not alone:
        check_others(options.output, files)
    device = devices.prepared(options.device, options.threads or machine.cores())
    asked = predict.networks(options)
    for network in asked:
        print(f"asked: {network.described()}", file=told)
    scores, alarm = known(options, asked)
    classes = asked[0].classes
    with tqdm(total=len(crops), desc="explain", unit="picture", mininterval=1) as bar:
        explanations = one_picture.explain(
            crops, [described(model, device) for model in asked], classes, device, alarm, bar.update
        )
    frame = report.read(ROOT / "report")
    languages = [language.about("face", classes) for language in frame.languages]
    made = [pages.page(explanation, scores, frame, languages) for explanation in explanations]
    if alone:
        atomic.write(options.output, made[0])
        print(f"{options.output} written", file=told)
    else:
        index = pages.index(list(zip(files, explanations, strict=True)), frame, languages)
        places.write(options.output, {**dict(zip(files, made, strict=True)), INDEX: index}, KIND)
        print(f"{len(made):,} page(s) in {options.output}, {INDEX} leads to them")


def given(grey: np.ndarray, name: str, face: bool) -> Given:
    """Return a picture with the square that is looked at: of the largest face or, without `face`, the middle."""
    height, width = grey.shape
    square = pictures.middle(height, width)
    cut: Cut = "whole" if width == height else "middle"
    if face:
        largest = one_picture.largest_face(grey)
        square, cut = (largest, "face") if largest else (square, "faceless")
    preview = pictures.shrunk(grey, PREVIEW)
    left, top, side = (part * len(preview) / height for part in square)
    return Given(name, pictures.fitted(grey, *square), preview, (left, top, side), cut)


def check_others(folder: Path, files: Collection[str]) -> None:
    """Raise Slip where a folder holds what is in the way, or pages that this run would not make again but remove."""
    places.check(folder, [*files, INDEX], KIND, files=True)
    others = (places.listed(folder, KIND) or set()) - {*files, INDEX}
    if left := sorted(name for name in others if (folder / name).is_file()):
        more = f" and {len(left) - 1} more" if len(left) > 1 else ""
        raise Slip(f"--output {folder} holds pages of other pictures ({left[0]}{more}); name another folder, or "
                   "remove them")  # fmt: skip


def described(asked: predict.Asked, device: "torch.device") -> Asked:
    """Return a network with what is said of it."""
    member, labels = asked.member, len(asked.member.view_logits)
    accuracy = float(member.history["dev_accuracy"][member.epoch - 1]) if labels else None
    return Asked(member.network(device), Network(member.name, asked.data, accuracy, labels, asked.guessed))


def known(options: Options, asked: Sequence[predict.Asked]) -> "tuple[Scores | None, Alarm | None]":
    """Return the score card of these networks' report, and the alarm of the first one, where there are such."""
    if options.load is not None:
        return None, None
    base = options.place / "runs" / options.run if options.run else options.results or ROOT / "report" / "results"
    folder = base / asked[0].data
    scores = stored.read(folder / "scores") if (folder / "scores" / "numbers.json").exists() else None
    alarm = stored.read(folder / "network") if (folder / "network" / "numbers.json").exists() else None
    return scores, alarm if alarm is not None and alarm.name == asked[0].member.name else None


def _files(names: Sequence[str]) -> list[str]:
    """Return a file's name for each picture's: what no system refuses, each another one."""
    files: list[str] = []
    for name in names:
        stem = UNSAFE.sub("-", name).strip("-.")[:80] or "picture"
        stem = f"{stem}-picture" if stem.lower() == "index" else stem
        same = sum(file.lower().removesuffix(".html").rsplit("~", 1)[0] == stem.lower() for file in files)
        files.append(f"{stem}{f'~{same + 1}' if same else ''}.html")
    return files

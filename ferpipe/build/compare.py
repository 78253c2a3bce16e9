"""Two runs beside each other on a page: what was asked of them, how accurate they are, and what each of them found."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferpipe.analyses import ANALYSES, comparison
from ferpipe.analyses.study import softmax
from ferpipe.build import layout
from ferpipe.build.options import ROOT, Options
from ferpipe.build.settings import SHIPPED
from ferpipe.data import cache
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints
from ferpipe.networks.members import Member
from ferpipe.render import comparison as pages
from ferpipe.render.build import read as read_sections
from ferpipe.render.edition import Edition
from ferpipe.render.edition import editions as read_editions
from ferpipe.results import stored
from ferpipe.results.comparison import Comparison, Difference, Run, Said, What, Why
from ferpipe.results.ensemble import Accuracy
from ferpipe.storage import atomic, encoding, places
from ferpipe.text import claims, report
from ferpipe.text.language import WORDLESS
from ferpipe.text.problems import Problems
from ferpipe.text.report import Report
from ferpipe.training import shipping

MADE = re.compile(rb"<!doctype html>\n<html[^>]*>\n<head>\n<!-- made by ferpipe compare -->.*", re.DOTALL)
WANTED = ("settings", "ensemble")  # analyses that a run needs to be compared


@dataclass(frozen=True)
class Answers:
    """What a run's networks answered to dev, and the labels."""

    probabilities: dict[What, np.ndarray]  # (n, classes)
    labels: np.ndarray  # (n,)


def compare(options: Options) -> None:
    """Write a page of two runs; raises Slip before anything is written."""
    assert options.images is not None and options.other is not None
    if options.output is None:
        raise Slip("compare: wanted --output, a file such as runs.html")
    titles = (str(options.images), str(options.other))
    folders = (results(options.images, options), results(options.other, options))
    for folder in folders:
        places.check_file("--output", options.output, folder / "claims.json", MADE, "a page of compare", "runs.html")
    names = _datasets(folders, titles, options.name)
    frame = report.read(ROOT / "report")
    runs = [_edition(folder, name, frame) for folder, name in zip(folders, names, strict=True)]
    if runs[0].classes != runs[1].classes or runs[0].shows != runs[1].shows:
        raise Slip(f"compare: {titles[0]} has the classes {', '.join(runs[0].classes)}, {titles[1]} "
                   f"{', '.join(runs[1].classes)}; wanted two runs on the same")  # fmt: skip
    first, second = (_run(edition, title) for edition, title in zip(runs, titles, strict=True))
    parts, why = differences(runs[0], runs[1], options.place)
    n = stored.read(runs[0].results / "settings").analysis_model.dev_n
    languages = [language.about(runs[0].shows, runs[0].classes) for language in frame.languages]
    named = [
        (claim.id, {language: runs[0].spoken(language).filled(claim.finding[language].text) for language in languages},
         claim.unit)
        for claim in (verdict.claim for verdict in runs[0].verdicts)
    ]  # fmt: skip
    atomic.write(options.output, pages.page(Comparison(first, second, parts, why, n), named, frame, languages))
    print(f"{options.output} written")


def results(asked: Path, options: Options) -> Path:
    """Return the folder of a run's results, by its name or its place; raises Slip where there are none."""
    run = options.place / "runs" / asked
    for folder in (run / "results", asked, asked / "results"):
        if any(folder.glob("*/settings/numbers.json")):
            return folder
    for folder in (run / "results", asked, asked / "results"):
        if any(folder.glob("*/*/numbers.json")):
            raise Slip(f"compare {asked}: has no result of settings; python build.py analyse makes it")
    runs = ", ".join(layout.names(options.place)) or "none"
    raise Slip(f"compare {asked}: no run of this name, and no folder of results; runs there: {runs}")


def _datasets(folders: tuple[Path, Path], titles: tuple[str, str], asked: str | None) -> tuple[str, str]:
    """Return which data set of either run is looked at: the same where both have one."""
    first, second = (
        sorted(path.parent.parent.name for path in folder.glob("*/settings/numbers.json")) for folder in folders
    )
    if asked is not None:
        for title, known in zip(titles, (first, second), strict=True):
            if asked not in known:
                raise Slip(f"--name {asked}: {title} has {' and '.join(known)}")
        return asked, asked
    both = [name for name in first if name in second]
    if len(both) == 1:
        return both[0], both[0]
    if len(both) > 1:
        raise Slip(f"compare: both runs have {' and '.join(both)}; say which with --name")
    if len(first) > 1 or len(second) > 1:
        raise Slip(f"compare: {titles[0]} has {' and '.join(first)}, {titles[1]} {' and '.join(second)}: none in both")
    return first[0], second[0]


def _edition(folder: Path, name: str, frame: Report) -> Edition:
    """Return a run's results with its verdicts; raises Slip where a result that is wanted is not there."""
    (edition,) = read_editions(folder, folder, [name], None, frame)
    if lacking := [analysis for analysis in WANTED if analysis not in edition.analyses]:
        raise Slip(f"{folder / name}: has no result of {' and '.join(lacking)}; python build.py analyse makes it")
    sections, _, problems = read_sections(frame)
    absent = edition.apart | edition.absent(ANALYSES)
    edition.verdicts.extend(claims.judged(sections, edition.numbers, problems, absent, edition.spoken(WORDLESS)))
    if problems:
        raise Problems(problems)
    return edition


def _run(edition: Edition, title: str) -> Run:
    read, has = edition.results, edition.analyses
    curves = stored.read(read / "curves") if "curves" in has else None
    saliency = stored.read(read / "saliency") if "saliency" in has else None
    settings = stored.read(read / "settings")
    said = {
        verdict.claim.id: Said(verdict.verdict, known["value"], known["interval"], known["bar"])
        for verdict in edition.verdicts
        if (known := verdict.numbers())
    }
    maps = saliency.arrays.class_maps if saliency else None
    return Run(title, edition.name, settings, settings.members, curves.analysis if curves else None, said, maps)


def differences(first: Edition, second: Edition, artefacts: Path) -> tuple[list[Difference], Why]:
    """Return by how much the second run is more accurate than the first, paired where both answered the same."""
    accuracies = [_accuracies(edition) for edition in (first, second)]
    kinds = [kind for kind in accuracies[0] if kind in accuracies[1]]
    data = [edition.recipes["settings"]["recipe"]["data"] for edition in (first, second)]
    answers = [_answers(edition, artefacts) for edition in (first, second)] if data[0] == data[1] else [None, None]
    parts = []
    for kind in kinds:
        pair = None
        if answers[0] is not None and answers[1] is not None:
            pair = tuple(each.probabilities[kind].argmax(1) == each.labels for each in answers if each is not None)
        parts.append(comparison.difference(kind, accuracies[0][kind], accuracies[1][kind], pair))
    if data[0] != data[1]:
        return parts, "data"
    return parts, "" if None not in answers else "kept"


def _accuracies(edition: Edition) -> dict[What, Accuracy]:
    model = stored.read(edition.results / "settings").analysis_model
    ensemble = stored.read(edition.results / "ensemble")
    return {
        "analysis": Accuracy(model.dev_accuracy, model.dev_interval),
        "ensemble": Accuracy(ensemble.mean.accuracy, ensemble.mean.interval),
        "views": ensemble.views.mean,
    }


def _answers(edition: Edition, artefacts: Path) -> Answers | None:
    """Return what the networks of a run's results answered to dev; None where they, or the labels, are not here."""
    recipe = edition.recipes["settings"]["recipe"]
    ensemble = [member["name"] for member in edition.analyses["ensemble"]["members"]]
    caches = [
        record.parent
        for record in (artefacts / edition.name).glob("dataset-*/recipe.json")
        if (encoding.read_json(record) or {}).get("data") == recipe["data"]
    ]
    if not caches:
        return None
    dev = cache.load(caches[0], recipe["data"]).dev
    members: list[Member] = []
    for name in ensemble:
        member = _member(name, recipe["members"].get(name, {}).get("weights"), edition.name, artefacts, dev.images)
        if member is None or len(member.view_logits) != len(dev):
            return None
        members.append(member)
    assert dev.labels is not None
    mean = np.mean([softmax(member.dev_logits) for member in members], 0)
    views = np.mean([softmax(member.view_logits.astype(np.float64)) for member in members], 0)
    return Answers({"analysis": members[0].dev_logits, "ensemble": mean, "views": views}, dev.labels)


def _member(name: str, weights: str | None, data: str, artefacts: Path, images: np.ndarray) -> Member | None:
    """Return a network by its name and the hash of its weights, wherever it lies; None where it is not here."""
    shipped = SHIPPED / data
    for place in (shipped, *sorted((artefacts / data).glob("*/"))):
        record = place / name / "recipe.json"
        if record.is_file() and encoding.read_json(record).get("weights") == weights:
            member = checkpoints.load(place / name)
            return shipping.aligned([member], shipped, images)[0] if place == shipped else member
    return None

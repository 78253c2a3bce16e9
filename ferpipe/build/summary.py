"""What a build says in its last lines: the page, the accuracy, the verdicts that changed, and tracked files."""

import os
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ferpipe.build import options as project
from ferpipe.build.layout import Layout
from ferpipe.errors import Slip
from ferpipe.storage import encoding
from ferpipe.storage.encoding import JSON
from ferpipe.storage.freshness import recorded

WORDS = {"holds": "hold", "fails": "fail", "undecided": "undecided"}


@dataclass(frozen=True)
class Report:
    """What a page says of one data set, in short."""

    accuracies: Mapping[str, float] = field(default_factory=dict)  # on dev, by what answers
    verdicts: Mapping[str, str] = field(default_factory=dict)  # by claim
    unmeasured: int = 0  # claims that this run has no number for


def read(layout: Layout, dataset: str) -> Report:
    """Return what the page and the results of a layout say of a data set; nothing where there is none."""
    claims: list[JSON] = []
    with suppress(Slip):
        claims = encoding.read_json(layout.page / "claims.json")
    told = [claim for claim in claims if claim.get("edition") == dataset]
    decided = [claim for claim in told if claim.get("threshold") is not None]  # of an analysis that was made
    folder = layout.results / dataset
    confusion, ensemble = (recorded(folder / name / "numbers.json") or {} for name in ("confusion", "ensemble"))
    verdicts = {claim["id"]: claim["verdict"] for claim in decided}
    return Report(accuracies(confusion, ensemble), verdicts, len(told) - len(decided))


def accuracies(confusion: JSON, ensemble: JSON) -> dict[str, float]:
    """Return the dev accuracies of the analysis model, the ensemble, and both averaged over views."""
    accuracies = {}
    with suppress(KeyError, TypeError, ValueError):  # results of a trial that made some, or of another form
        accuracies["analysis model"] = float(confusion["accuracy"]["value"])
        if (size := len(ensemble["members"])) > 1:
            accuracies[f"ensemble of {size}"] = float(ensemble["mean"]["accuracy"])
        accuracies["averaged over views"] = float(ensemble["views"]["mean"]["accuracy"])
    return accuracies


def tell(layout: Layout, dataset: str, before: Report, changed: Sequence[Path], page: bool = True) -> None:
    """Print what a build made, with or without its page, beside what the published report said until then."""
    now = read(layout, dataset)
    earlier = "before" if layout.published else "published"
    _say("page", [shown(layout.page / "index.html") if page else "not rendered: the same command with render makes it"])
    if now.accuracies:
        lines = [f"{_listed(now.accuracies)}, on dev ({dataset})"]
        if before.accuracies and before.accuracies != now.accuracies:
            lines.append(f"{earlier}: {_listed(before.accuracies)}")
        _say("accuracy", lines)
    if page and now.verdicts:
        _say("verdicts", _verdicts(now, before.verdicts, earlier))
    _say("tracked files", [_tracked(changed)])


def _say(title: str, lines: Sequence[str]) -> None:
    for k, line in enumerate(lines):
        print(f"{title if k == 0 else '':<15}{line}", flush=True)


def shown(path: Path) -> str:
    """Return a path as it is from here."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _listed(accuracies: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in accuracies.items())


def _counted(verdicts: Mapping[str, str]) -> str:
    counts = Counter(verdicts.values())
    return ", ".join(f"{counts[verdict]} {word}" for verdict, word in WORDS.items())


def _verdicts(report: Report, before: Mapping[str, str], earlier: str) -> list[str]:
    """Return how many findings hold and fail, and each whose verdict is another than it was."""
    now, rest = report.verdicts, report.unmeasured
    lines = [f"of {len(now) + rest} findings {_counted(now)}" + f", {rest} not measured" * bool(rest)]
    if not before:
        return lines
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    lines.append(f"{earlier}: {_counted(before)}; {len(names) or 'none'} other{':' * bool(names)}")
    return lines + [f"  {name}: {before.get(name, 'none')} -> {now.get(name, 'none')}" for name in names]


def _tracked(changed: Sequence[Path]) -> str:
    """Return which of the changed files git tracks; it is asked only where any lies in the project."""
    root = os.path.realpath(project.ROOT)
    paths = {Path(os.path.realpath(path)) for path in changed}
    names = {path.relative_to(root).as_posix() for path in paths if path.is_relative_to(root)}
    names = {name for name in names if not name.startswith(".artefacts/")}
    if not names:
        return "none was touched"
    call = ["git", "-C", root, "status", "--porcelain", "-z", "--untracked-files=all", "--"]
    try:
        done = subprocess.run([*call, *sorted({name.split("/")[0] for name in names})], text=True,
                              capture_output=True, timeout=20, check=True)  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return f"{len(names)} file(s) of the project changed; git does not tell whether it tracks them"
    lines = [line for line in done.stdout.split("\0") if line[3:] in names]
    new = sum(line.startswith("??") for line in lines)
    if not lines:
        return "none changed"
    folders = {"/".join(line[3:].split("/")[: 3 if line[3:].startswith("report/") else 1]) for line in lines}
    counts = f"{len(lines) - new} changed" + f", {new} new beside them" * bool(new)
    return f"{counts}, in {', '.join(sorted(folders))}: git status shows them"

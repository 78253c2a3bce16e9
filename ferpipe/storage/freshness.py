"""Whether a stage's work is as its recipe says, and the line that tells it.

A recipe is JSON: code, parameters, and the hashes of what was read. A stage is fresh when the recorded recipe equals
the one that would be used now; what differs is the reason why it is stale.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferpipe.errors import Slip
from ferpipe.storage import atomic, encoding, fingerprints

Recipe = dict[str, Any]


def recorded(path: Path) -> dict[str, Any] | None:
    """Return a record of ours, or None where there is none that can be read: then the work is done again."""
    try:
        record = encoding.read_json(path)
    except Slip:
        return None
    return record if isinstance(record, dict) else None


def remembered(path: Path) -> dict[str, Any]:
    """Return what `remember` wrote; nothing where a byte of it is not as it was written."""
    return json.loads(atomic.unseal(path) or b"{}")


def remember(path: Path, values: dict[str, Any]) -> None:
    """Write what only spares work, with a hash."""
    atomic.seal(path, json.dumps(values).encode())


def differences(old: Any, new: Any) -> list[str]:
    """Return what a person did between two recipes, a line each: `lime.py was edited`, `members: 4 more epochs`."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if old == new else ["its record is damaged"]
    lines = []
    for key in sorted({*old, *new}, key=lambda key: (_ORDER.index(key) if key in _ORDER else len(_ORDER), key)):
        if old.get(key) != new.get(key):
            lines += _WORDS.get(key, _settings)(old.get(key), new.get(key))
    return lines


def _code(old: Any, new: Any) -> list[str]:
    old, new = (value if isinstance(value, dict) else {} for value in (old, new))
    changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    shown = {name: f"{name.removeprefix('ferpipe.').replace('.', '/')}.py" for name in changed}
    ways = {name: "is used now" if name not in old else "was edited" if name in new else "is used no more"
            for name in changed}  # fmt: skip
    return [f"{shown[name]} {ways[name]}" for name in changed]


def _settings(old: Any, new: Any) -> list[str]:
    """Return the flags whose values differ: `--seed 5 instead of 0`."""
    old, new = (value if isinstance(value, dict) else {} for value in (old, new))
    return [
        f"{'--' * (key in ('preset', 'seed'))}{key} {_shown(new.get(key))} instead of {_shown(old.get(key))}"
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " + ".join(f"{part:,}" if isinstance(part, int) else str(part) for part in value)
    return "none" if value is None else str(value)


def _members(old: Any, new: Any) -> list[str]:
    """Return in what the networks differ, each kind once: `members: 4 more epochs`."""
    old, new = (list(value.values()) if isinstance(value, dict) else [] for value in (old, new))
    if not all(isinstance(value, dict) and isinstance(value.get("recipe"), dict) for value in [*old, *new]):
        return ["members: their record is of another form"]
    lines: list[str] = []
    for word, role in (("members", "member"), ("overfitting model", "overfitted"), ("student", "student")):
        before, after = ([one for one in side if one["recipe"].get("role") == role] for side in (old, new))
        if more := len(after) - len(before):
            lines.append(f"{word}: {abs(more)} {'more' if more > 0 else 'fewer'}")
        for one, other in zip(before, after, strict=False):
            changed = recipes(one["recipe"], other["recipe"])
            if not changed and one.get("weights") != other.get("weights"):
                changed = ["trained anew"]
            lines += [f"{word}: {line}" for line in changed]
    return list(dict.fromkeys(lines)) or ["members: others"]


def recipes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return in what a network's hyperparameters differ from another's: `4 more epochs`, `width 32 instead of 16`."""
    lines = []
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "epochs" and isinstance(before, int) and isinstance(after, int):
            more = after - before
            lines.append(f"{abs(more)} {'more' if more > 0 else 'fewer'} epoch{'s' * (abs(more) > 1)}")
        else:
            usual = [_shown(value) if value is not None else "the usual" for value in (after, before)]
            lines.append(f"{key.replace('_', ' ')} {usual[0]} instead of {usual[1]}")
    return lines


_ORDER = ("data", "source", "parameters", "members", "code")
_WORDS: dict[str, Callable[[Any, Any], list[str]]] = {
    "code": _code,
    "members": _members,
    "data": lambda old, new: ["the data set is another"],
    "source": lambda old, new: ["--data: another file, or other pictures in it"],
    "parameters": _settings,
}


class Memory:
    """What an artefacts folder remembers between builds: parsed code, and how long each stage took."""

    def __init__(self, artefacts: Path, keeps: bool = True) -> None:
        self._keeps = keeps  # of several processes one alone writes
        self._code, self._timings = artefacts / "code.json", artefacts / "timings.json"
        self.known = remembered(self._code)
        self._before = len(self.known)

    def code(self, module: str) -> dict[str, str]:
        """Return the fingerprints of the code that `module` is made of."""
        return fingerprints.code(module, self.known)

    def time(self, dataset: str, stage: str, seconds: float) -> None:
        """Keep a stage's seconds, the one place where what a clock says is kept."""
        if not self._keeps:
            return
        timings = recorded(self._timings) or {}
        if not isinstance(timings.get(dataset), dict):
            timings[dataset] = {}
        timings[dataset][stage] = round(seconds, 2)
        atomic.write(self._timings, json.dumps(timings, indent=1, sort_keys=True).encode())

    def save(self) -> None:
        """Write what was learned of the code, if anything was."""
        if self._keeps and len(self.known) != self._before:
            remember(self._code, self.known)


class Log:
    """Prints one line a stage: made, fresh, or stale and why, and seconds."""

    def __init__(self, memory: Memory, dataset: str, why: bool) -> None:
        self._memory, self._dataset, self._why = memory, dataset, why
        self.made = 0
        self.changed: list[Path] = []  # files of results and pages that this build wrote or removed

    def fresh(self, stage: str, note: str = "") -> None:
        """Say that nothing was to do."""
        print(f"{stage:<24} fresh{'  ' + note if note else ''}", flush=True)

    @contextmanager
    def making(self, stage: str, reasons: list[str]) -> Iterator[None]:
        """Say, when the block has made the stage, why and how long it took."""
        began = time.perf_counter()
        yield
        seconds = time.perf_counter() - began
        self._memory.time(self._dataset, stage, seconds)
        self.made += 1
        more = f" and {len(reasons) - 1} more" if len(reasons) > 1 and not self._why else ""
        print(f"{stage:<24} made   {seconds:7.1f} s  ({reasons[0]}{more})", flush=True)
        for reason in reasons if self._why else []:
            print(f"{'':<24}        {reason}", flush=True)


def reasons(record: dict[str, Any] | None, recipe: Recipe, rebuild: bool) -> list[str]:
    """Return why a stage is to be made; nothing where it is fresh."""
    if record is None:
        return ["not made yet"]
    if rebuild:
        return ["asked for by --rebuild"]
    return differences(record.get("recipe"), recipe)


def analyses() -> list[str]:
    """Return the names of the package's analyses: of the modules in analyses/ that have `analyse`."""
    files = sorted((fingerprints.PACKAGE / "analyses").glob("*.py"))
    return [path.stem for path in files if "\ndef analyse(" in path.read_text(encoding="utf-8")]


READERS = {"rendered": "ferpipe.data.faces.rendered", "fer2013": "ferpipe.data.fer2013"}
DRAWN = ("rendered",)  # data sets that anybody can make anew, and train networks on
_INPUTS = {
    "data": "the code that makes its data was edited",
    "effort": "what an analysis may ask was edited",
    "plan": "what a preset trains was edited",
    "networks": "the code that trains its networks was edited",
}


def inputs(dataset: str, networks: Mapping[str, Any], known: dict[str, Any] | None = None) -> Recipe:
    """Return fingerprints of the code that makes an analysis's inputs today; its recipe has the inputs' own.

    `networks` are the code that trained each: they may be kept though that is older.
    """
    return {
        "data": fingerprints.of_value(fingerprints.code(READERS[dataset], known)),
        "effort": fingerprints.module("ferpipe.build.effort", known),
        "plan": fingerprints.module("ferpipe.training.presets", known),
        "networks": {name: fingerprints.of_value(code) for name, code in networks.items()},
    }


def outdated(folder: Path, known: dict[str, Any] | None = None) -> dict[str, str]:
    """Return each analysis whose result in `folder`, one data set's, is not what today's code makes, and why not.

    That is: results of other code, of other networks, data or settings than most of their neighbours', and none at all.
    Networks are taken as they are, but for those that anybody can train anew.
    """
    lines: dict[str, str] = {}
    runs: dict[str, str] = {}
    for name in analyses():
        record = recorded(folder / name / "recipe.json") or {}
        recipe = record.get("recipe")
        if not isinstance(recipe, dict):
            lines[name] = "its record is damaged" if record else "has no result"
        elif edited := _code(recipe.get("code"), fingerprints.code(f"ferpipe.analyses.{name}", known)):
            lines[name] = edited[0] + (f", and {len(edited) - 1} more" if len(edited) > 1 else "")
        elif why := _aged(folder.name, recipe, record.get("inputs"), known):
            lines[name] = why
        else:
            shared = {key: value for key, value in (recipe.get("parameters") or {}).items() if "." not in key}
            runs[name] = fingerprints.of_value([shared, recipe.get("data"), recipe.get("members")])
    usual = max(runs.values(), key=list(runs.values()).count, default="")
    lines |= {name: "is of another run than the rest" for name, one in runs.items() if one != usual}
    return dict(sorted(lines.items()))


def _aged(dataset: str, recipe: Recipe, made_by: Any, known: dict[str, Any] | None) -> str:
    """Return which of the inputs other code makes today; nothing of a data set that nobody makes."""
    if dataset not in READERS:
        return ""
    trainer = fingerprints.code("ferpipe.training.loop", known) if dataset in DRAWN else {}
    now = inputs(dataset, dict.fromkeys(recipe.get("members") or (), trainer), known)
    asked = ("data", "effort", "plan", "networks") if dataset in DRAWN else ("data", "effort")
    made_by = made_by if isinstance(made_by, dict) else {}
    return next((_INPUTS[key] for key in asked if made_by.get(key) != now[key]), "")

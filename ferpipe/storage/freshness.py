"""Whether a stage's work is as its recipe says, and the line that tells it.

A recipe is JSON: code, parameters, and the hashes of what was read. A stage is fresh when the recorded recipe equals
the one that would be used now; what differs is the reason why it is stale.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ferpipe.errors import Slip
from ferpipe.storage import atomic, encoding, fingerprints
from ferpipe.storage.encoding import JSON
from ferpipe.storage.fingerprints import Parsed

Recipe = JSON


def recorded(path: Path) -> JSON | None:
    """Return a record of ours, or None where there is none that can be read: then the work is done again."""
    try:
        record = encoding.read_json(path)
    except Slip:
        return None
    return record if isinstance(record, dict) else None


def remembered(path: Path) -> JSON:
    """Return what `remember` wrote; nothing where a byte of it is not as it was written."""
    return json.loads(atomic.unseal(path) or b"{}")


def remember(path: Path, values: JSON) -> None:
    """Write what only spares work, with a hash."""
    atomic.seal(path, json.dumps(values).encode())


def differences(old: object, new: object) -> list[str]:
    """Return what a person did between two recipes, a line each: `lime.py was edited`, `members: 4 more epochs`."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return [] if old == new else ["its record is damaged"]
    lines = []
    for key in sorted(changed(old, new), key=lambda key: _ORDER.index(key) if key in _ORDER else len(_ORDER)):
        lines += _WORDS.get(key, _settings)(old.get(key), new.get(key))
    return lines


def _table(value: object) -> JSON:
    return value if isinstance(value, dict) else {}


def changed(old: JSON, new: JSON) -> list[str]:
    """Return the keys whose values differ, in their order."""
    return sorted(key for key in {*old, *new} if old.get(key) != new.get(key))


def _code(old: object, new: object) -> list[str]:
    before, after = _table(old), _table(new)
    return [
        f"{name.removeprefix('ferpipe.').replace('.', '/')}.py "
        + ("is used now" if name not in before else "was edited" if name in after else "is used no more")
        for name in changed(before, after)
    ]


def _settings(old: object, new: object) -> list[str]:
    """Return the flags whose values differ: `--seed 5 instead of 0`."""
    before, after = _table(old), _table(new)
    return [
        f"{'--' * (key in ('preset', 'seed'))}{key} {_told(after.get(key))} instead of {_told(before.get(key))}"
        for key in changed(before, after)
    ]


def _told(value: object, nothing: str = "none") -> str:
    if isinstance(value, list):
        return " + ".join(f"{part:,}" if isinstance(part, int) else str(part) for part in value)
    return nothing if value is None else str(value)


def _count(difference: int) -> str:
    return f"{abs(difference)} {'more' if difference > 0 else 'fewer'}"


def _members(old: object, new: object) -> list[str]:
    """Return in what the networks differ, each kind once: `members: 4 more epochs`."""
    networks = [list(_table(value).values()) for value in (old, new)]
    if not all(isinstance(_table(network).get("recipe"), dict) for side in networks for network in side):
        return ["members: their record is of another form"]
    lines: list[str] = []
    for word, role in (("members", "member"), ("overfitting model", "overfitted"), ("student", "student")):
        before, after = ([network for network in side if network["recipe"].get("role") == role] for side in networks)
        if len(after) != len(before):
            lines.append(f"{word}: {_count(len(after) - len(before))}")
        for earlier, later in zip(before, after, strict=False):
            anew = ["trained anew"] * (earlier.get("weights") != later.get("weights"))
            lines += [f"{word}: {line}" for line in recipes(earlier["recipe"], later["recipe"]) or anew]
    return list(dict.fromkeys(lines)) or ["members: others"]


def recipes(old: JSON, new: JSON) -> list[str]:
    """Return in what a network's hyperparameters differ from another's: `4 more epochs`, `width 32 instead of 16`."""
    lines = []
    for key in changed(old, new):
        before, after = old.get(key), new.get(key)
        if key == "epochs" and isinstance(before, int) and isinstance(after, int):
            lines.append(f"{_count(after - before)} epoch{'s' * (abs(after - before) > 1)}")
        else:
            values = [_told(value, "the usual") for value in (after, before)]
            lines.append(f"{key.replace('_', ' ')} {' instead of '.join(values)}")
    return lines


_ORDER = ("data", "source", "parameters", "members", "code")
_WORDS: dict[str, Callable[[object, object], list[str]]] = {
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
        return fingerprints.code(module, known=self.known)

    def time(self, dataset: str, stage: str, seconds: float) -> None:
        """Keep a stage's seconds, the one place where what a clock says is kept."""
        if not self._keeps:
            return
        timings = recorded(self._timings) or {}
        if not isinstance(timings.get(dataset), dict):
            timings[dataset] = {}
        timings[dataset][stage] = round(seconds, 2)
        atomic.write(self._timings, json.dumps(timings, indent=1, sort_keys=True).encode())

    def last(self, dataset: str, stage: str) -> float | None:
        """Return how many seconds a stage took the last time; None where that is not known."""
        seconds = ((recorded(self._timings) or {}).get(dataset) or {}).get(stage)
        return seconds if isinstance(seconds, (int, float)) else None

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
        """Say, when the block has made the stage, why and how long it took; on a terminal, while it works, its name."""
        began, seen = time.perf_counter(), ""
        if sys.stderr is not None and sys.stderr.isatty():
            last = self._memory.last(self._dataset, stage)
            seen = f"{stage:<24} ... {f'{last:.0f} s the last time' if last and last > 2 else ''}"
            print(f"{seen}\r", end="", file=sys.stderr, flush=True)
        try:
            yield
        finally:
            if seen:
                print(f"{' ' * len(seen)}\r", end="", file=sys.stderr, flush=True)
        seconds = time.perf_counter() - began
        self._memory.time(self._dataset, stage, seconds)
        self.made += 1
        more = f" and {len(reasons) - 1} more" if len(reasons) > 1 and not self._why else ""
        print(f"{stage:<24} made   {seconds:7.1f} s  ({reasons[0]}{more})", flush=True)
        for reason in reasons if self._why else []:
            print(f"{'':<24}        {reason}", flush=True)


def reasons(record: JSON | None, recipe: Recipe, rebuild: bool) -> list[str]:
    """Return why a stage is to be made; nothing where it is fresh."""
    if record is None:
        return ["not made yet"]
    if rebuild:
        return ["asked for by --rebuild"]
    return differences(record.get("recipe"), recipe)


OF_FACES = ("dissection", "elsewhere", "network", "photograph", "shortcut")  # analyses that ask about parts of a face


def analyses(shows: str = "face") -> list[str]:
    """Return the names of the package's analyses of such pictures: of the modules in analyses/ that have `analyse`."""
    files = sorted((fingerprints.PACKAGE / "analyses").glob("*.py"))
    names = [path.stem for path in files if "\ndef analyse(" in path.read_text(encoding="utf-8")]
    return [name for name in names if shows == "face" or name not in OF_FACES]


DRAWN = {"rendered": "ferpipe.data.faces.rendered"}  # data sets that anybody can make anew, and train networks on
READER = "ferpipe.data.reading"  # of the others
_INPUTS = {
    "data": "the code that makes its data was edited",
    "effort": "what an analysis may ask was edited",
    "plan": "what a preset trains was edited",
    "networks": "the code that trains its networks was edited",
}


def inputs(dataset: str, networks: Mapping[str, object], known: Parsed | None = None) -> Recipe:
    """Return fingerprints of the code that makes an analysis's inputs today; its recipe has the inputs' own.

    `networks` are the code that trained each: they may be kept though that is older.
    """
    return {
        "data": fingerprints.of_value(fingerprints.code(DRAWN.get(dataset, READER), known=known)),
        "effort": fingerprints.module("ferpipe.build.effort", known),
        "plan": fingerprints.module("ferpipe.training.presets", known),
        "networks": {name: fingerprints.of_value(code) for name, code in networks.items()},
    }


def outdated(folder: Path, known: Parsed | None = None) -> dict[str, str]:
    """Return each analysis whose result in `folder`, one data set's, is not what today's code makes, and why not.

    That is: results of other code, of other networks, data or settings than most of their neighbours', and none at all.
    Networks are taken as they are, but for those that anybody can train anew.
    """
    lines: dict[str, str] = {}
    runs: dict[str, str] = {}
    data = recorded(folder / "data" / "numbers.json") or {}
    for name in analyses(data.get("shows", "face")):
        record = recorded(folder / name / "recipe.json") or {}
        recipe = record.get("recipe")
        if not isinstance(recipe, dict):
            lines[name] = "its record is damaged" if record else "has no result"
        elif edited := _code(recipe.get("code"), fingerprints.code(f"ferpipe.analyses.{name}", known=known)):
            lines[name] = edited[0] + (f", and {len(edited) - 1} more" if len(edited) > 1 else "")
        elif why := _aged(folder.name, recipe, _table(record.get("inputs")), known):
            lines[name] = why
        else:
            shared = {key: value for key, value in (recipe.get("parameters") or {}).items() if "." not in key}
            runs[name] = fingerprints.of_value([shared, recipe.get("data"), recipe.get("members")])
    usual = max(runs.values(), key=list(runs.values()).count, default="")
    lines |= {name: "is of another run than the rest" for name, run in runs.items() if run != usual}
    return dict(sorted(lines.items()))


def _aged(dataset: str, recipe: Recipe, made_by: JSON, known: Parsed | None) -> str:
    """Return which of the inputs other code makes today."""
    trainer = fingerprints.code("ferpipe.training.loop", known=known) if dataset in DRAWN else {}
    by, foreign = _table(made_by.get("networks")), fingerprints.of_value(None)  # trained by no code of ours
    trained = {name: None if by.get(name) == foreign else trainer for name in recipe.get("members") or ()}
    now = inputs(dataset, trained, known)
    asked = ("data", "effort", "plan", "networks") if dataset in DRAWN else ("data", "effort")
    return next((_INPUTS[key] for key in asked if made_by.get(key) != now[key]), "")

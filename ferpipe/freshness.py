"""Whether a stage's work is as its recipe says, and the line that tells it.

A recipe is JSON: code, parameters, and the hashes of what was read. A stage is fresh when the recorded recipe equals
the one that would be used now; what differs is the reason why it is stale.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferpipe import atomic, fingerprints, results
from ferpipe.errors import Slip

Recipe = dict[str, Any]


def recorded(path: Path) -> dict[str, Any] | None:
    """Return a record of ours, or None where there is none that can be read: then the work is done again."""
    try:
        record = results.read_json(path)
    except Slip:
        return None
    return record if isinstance(record, dict) else None


def remembered(path: Path) -> dict[str, Any]:
    """Return what `remember` wrote; nothing where a byte of it is not as it was written."""
    return json.loads(atomic.unseal(path) or b"{}")


def remember(path: Path, values: dict[str, Any]) -> None:
    """Write what only spares work, with a hash."""
    atomic.seal(path, json.dumps(values).encode())


def differences(old: Any, new: Any, path: str = "") -> list[str]:
    """Return each difference between two recipes as a line, such as `parameters.seed: 0 -> 1`."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [line for key in sorted({*old, *new}, key=str)
                for line in differences(old.get(key), new.get(key), f"{path}.{key}" if path else str(key))]  # fmt: skip
    if old == new:
        return []
    if path.startswith("code."):
        return [f"code of {path.removeprefix('code.')} changed"]
    return [f"{path}: {_short(old)} -> {_short(new)}"]


def _short(value: Any) -> str:
    text = "none" if value is None else json.dumps(value)
    return text if len(text) <= 40 else text[:37] + "..."


class Memory:
    """What an artefacts folder remembers between builds: parsed code, and how long each stage took."""

    def __init__(self, artefacts: Path, keeps: bool = True) -> None:
        self._keeps = keeps  # of several processes one alone writes
        self._code, self._timings = artefacts / "code.json", artefacts / "timings.json"
        self._known = remembered(self._code)
        self._before = len(self._known)

    def code(self, module: str) -> dict[str, str]:
        """Return the fingerprints of the code that `module` is made of."""
        return fingerprints.code(module, self._known)

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
        if self._keeps and len(self._known) != self._before:
            remember(self._code, self._known)


class Log:
    """Prints one line a stage: made, fresh, or stale and why, and seconds."""

    def __init__(self, memory: Memory, dataset: str, why: bool) -> None:
        self._memory, self._dataset, self._why = memory, dataset, why
        self.made = 0

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
    changed = differences(record.get("recipe"), recipe)
    if rebuild:
        return ["asked for by --rebuild"]
    return [f"stale: {line}" for line in changed]

"""One build at a time on a folder, and nothing left of the lock."""

import json
import os
import platform
import subprocess
import sys
import time

import pytest
from clones import ROOT

from ferpipe.build import guard, layout, pipeline
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.storage import lock

HOLD = """
import sys, time
from pathlib import Path
from ferpipe.storage import lock
with lock.held([Path(sys.argv[1])]):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def holder(file, seconds):
    """A process that holds a lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, file, str(seconds)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"held\n"
    return process


def test_who_comes_second_is_told_who_is_there_and_since_when(tmp_path):
    with holder(tmp_path / "a" / ".lock", 60) as process:
        began = time.monotonic()
        with pytest.raises(Slip) as slip, lock.held([tmp_path / "a" / ".lock"], patience=0.2):
            pass
        assert time.monotonic() - began < 5
        said = json.loads((tmp_path / "a" / ".lock.json").read_bytes())
        process.kill()
    told = f"process {process.pid} on {platform.node()} since {said['since']}"
    assert str(slip.value).startswith(f"{tmp_path / 'a'} is in use") and told in str(slip.value)
    assert "--artefacts" in str(slip.value)


def test_a_lock_that_a_killed_build_left_holds_nobody_up(tmp_path):
    with holder(tmp_path / ".lock", 60) as process:
        process.kill()
    assert (tmp_path / ".lock").exists() and (tmp_path / ".lock.json").exists()
    with lock.held([tmp_path / ".lock"], patience=0):
        assert json.loads((tmp_path / ".lock.json").read_bytes())["process"] == os.getpid()
    assert not list(tmp_path.iterdir())


def test_who_waits_goes_on_when_the_first_is_done(tmp_path):
    with holder(tmp_path / ".lock", 0.3):
        with lock.held([tmp_path / ".lock"], patience=20):
            assert json.loads((tmp_path / ".lock.json").read_bytes())["process"] == os.getpid()
        assert not list(tmp_path.iterdir())


def test_other_folders_are_free_and_one_named_twice_is_held_once(tmp_path):
    with holder(tmp_path / "a", 60) as process:
        with lock.held([tmp_path / "b", tmp_path / "c" / ".." / "b"], patience=0):
            pass
        process.kill()


@pytest.mark.parametrize(("command", "wanted"), [
    ("build", {"a", "r", "o"}), ("render", {"a", "o"}), ("train", {"a", "r"}), ("analyse", {"a", "r"}),
])  # fmt: skip
def test_a_command_locks_what_it_writes(tmp_path, command, wanted):
    options = Options(command, artefacts=tmp_path / "a", results=tmp_path / "r", output=tmp_path / "o")
    files = guard.locks(options, layout.of(options), None)
    assert {str(file.relative_to(tmp_path)) for file in files} == {f"{folder}/{lock.NAME}" for folder in wanted}


def test_the_artefacts_lock_serves_a_trial_that_lies_in_them(tmp_path):
    options = Options(data=tmp_path, name="mine", artefacts=tmp_path / "a")
    assert guard.locks(options, layout.of(options), None) == [tmp_path / "a" / lock.NAME]


def test_a_folder_that_was_made_for_a_lock_goes_when_nothing_came_to_lie_in_it(tmp_path):
    with lock.held([tmp_path / "new" / "below" / lock.NAME, tmp_path / "full" / lock.NAME]):
        (tmp_path / "full" / "file").write_text("made")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_of_torchruns_processes_the_first_alone_takes_the_lock(tmp_path, monkeypatch):
    held = []
    monkeypatch.setattr(lock, "held", lambda files, **_: held.append(len(list(files))) or pytest.MonkeyPatch.context())
    monkeypatch.setattr(pipeline, "_run", lambda *_: None)
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "2")
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("LOCAL_RANK", rank)
        pipeline.run(Options(artefacts=tmp_path / "a", results=tmp_path / "r", output=tmp_path / "o"))
    assert held == [3, 0]

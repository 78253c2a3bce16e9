"""A long training that is stopped again and again ends with the bytes of one that nobody stopped."""

import os
import signal
import subprocess
import sys
import time

import pytest
from clones import clone, contents, table, well

CALL = ("build.py", "train", "--preset", "overnight", "--epochs", "2", "--data", "fer2013.csv", "--threads", "1")
MEMBERS = ".artefacts/fer2013/members"


def started(folder):
    return subprocess.Popen(
        [sys.executable, *CALL], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def made(folder):
    return [path for path in (folder / MEMBERS).glob("*/recipe.json") if not path.parent.name.startswith(".")]


def on_the_way(folder, role):
    return list((folder / MEMBERS).glob(f"resume-{role}*"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_overnight_killed_at_three_moments_ends_with_the_same_bytes(tmp_path):
    folders = [clone(tmp_path / name) for name in ("whole", "killed")]
    for folder in folders:
        table(folder / "fer2013.csv", 140, 35)
    whole, killed = folders
    done = started(whole)
    out, err = done.communicate(timeout=500)
    well(subprocess.CompletedProcess(CALL, done.returncode, out, err))
    assert "train: 11 networks in about" in out + err and "5 members together" in out + err
    moments = (
        lambda: on_the_way(killed, "member-0") or made(killed),
        lambda: len(made(killed)) >= 4,
        lambda: on_the_way(killed, "student") or len(made(killed)) >= 9,
    )
    for moment in moments:
        running = started(killed)
        while running.poll() is None and not moment():
            time.sleep(0.02)
        if running.poll() is None:
            os.kill(running.pid, signal.SIGKILL)
        running.communicate(timeout=60)
    assert len(made(killed)) < 11
    last = started(killed)
    out, err = last.communicate(timeout=500)
    well(subprocess.CompletedProcess(CALL, last.returncode, out, err))
    wanted, given = contents(whole / MEMBERS), contents(killed / MEMBERS)
    assert len(made(whole)) == 11
    assert {k.removeprefix(str(killed)): v for k, v in given.items()} == {
        k.removeprefix(str(whole)): v for k, v in wanted.items()
    }

"""torchrun shares members out; what comes out is what one process makes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clones import build_here, clone, contents, places, well

SMOKE = ("train", "--preset", "smoke", "--threads", "1", "--student")
MEMBERS = ".artefacts/rendered/members"


def start(folder):
    call = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "build.py"]
    environment = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*call, *SMOKE], cwd=folder, text=True, env=environment, **pipes)


def torchrun(folder):
    running = start(folder)
    out, err = running.communicate(timeout=300)
    return subprocess.CompletedProcess(running.args, running.returncode, out, err)


def made(done):
    return [line.split()[0] for line in done.stdout.splitlines() if " made " in line]


def ranked(number, folder):
    """Return the process that torchrun started in `folder` with this rank."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            here = os.readlink(place / "cwd") == str(folder)
            if here and f"RANK={number}".encode() in (place / "environ").read_bytes().split(b"\0"):
                return int(place.name)
        except OSError:
            continue
    return None


@pytest.mark.slow
def test_two_ranks_make_the_members_of_one_process_whatever_is_lost_on_the_way(tmp_path):
    """A rank is killed while it trains; the rerun trains what is missing, and ends as one process does."""
    alone, folder = tmp_path / "artefacts/rendered/members", clone(tmp_path / "together")
    running = start(folder)
    try:
        while running.poll() is None and not list((folder / MEMBERS).glob("*member-1*")):
            time.sleep(0.05)
        os.kill(ranked(1, folder), signal.SIGKILL)
        running.communicate(timeout=120)
        assert running.returncode != 0
    finally:
        running.kill()
    kept = {path.name for path in (folder / MEMBERS).iterdir() if not path.name.startswith(("resume-", ".new-"))}
    done = torchrun(folder)
    well(build_here("train", "--preset", "smoke", "--student", *places(tmp_path)))
    wanted, found = contents(alone), contents(folder / MEMBERS)
    assert {p.removeprefix(f"{folder / MEMBERS}/"): v for p, v in found.items()} == {
        p.removeprefix(f"{alone}/"): v for p, v in wanted.items()
    }
    names = {path.name for path in alone.iterdir()}
    assert set(made(well(done))) == names - kept and len(names - kept) >= 2  # the lost member and the student at least

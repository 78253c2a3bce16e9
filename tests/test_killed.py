"""A build that is killed ends, when it is started again, with the bytes of one that never was."""

import os
import random
import signal
import subprocess
import sys
import time

from clones import build, clone, contents, well


def test_a_build_killed_at_any_moment_ends_as_one_never_killed(tmp_path):
    whole = clone(tmp_path / "whole")
    well(build(whole, "--preset", "smoke"))
    folder = clone(tmp_path / "killed")
    rng = random.Random(0)
    for _ in range(4):
        running = subprocess.Popen(
            [sys.executable, "build.py", "--preset", "smoke", "--threads", "1"], cwd=folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(rng.uniform(1, 9))
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    well(build(folder, "--preset", "smoke"))

    def ended(place):
        found = contents(place / "site", place / "report/results/rendered", place / ".artefacts/rendered/members")
        return {path.removeprefix(str(place)): content for path, content in found.items()}

    assert ended(folder) == ended(whole)
    assert not [path for path in folder.rglob("*") if path.name.startswith((".new-", ".old-", "resume-"))]

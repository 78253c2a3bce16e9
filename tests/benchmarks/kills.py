"""Kill smoke builds at random instants and compare what comes of them with a build that was never killed.

python tests/benchmarks/kills.py --kills 60 --each 4     two cores: some forty minutes

A build is killed (SIGKILL, with all its processes) `each` times on its way and then left to end: its members, results
and site must have the same bytes as those of the build that nobody killed, and no temporary file may be left.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from clones import clone, contents  # noqa: E402

CALL = [sys.executable, "build.py", "--preset", "smoke"]
RUN = ".artefacts/runs/rendered-smoke-0"
MADE = (f"{RUN}/site", f"{RUN}/results", ".artefacts/rendered/members")
TEMPORARY = (".ferpipe-", ".ferpipe.lock", "resume-")


def finished(folder: Path) -> dict[str, bytes]:
    """Return the members, results and page after a build that is left to end; raises CalledProcessError if it fails."""
    subprocess.run(CALL, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return made(folder)


def made(folder: Path) -> dict[str, bytes]:
    """Return the members, results and page in a folder, by their paths there."""
    found = contents(*(folder / place for place in MADE))
    return {path.removeprefix(str(folder)): content for path, content in found.items()}


def killed(folder: Path, after: float) -> bool:
    """Return whether a build was still running when it was killed after so many seconds."""
    running = subprocess.Popen(
        CALL, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(after)
    alive = running.poll() is None
    os.killpg(running.pid, signal.SIGKILL) if alive else None
    running.wait()
    return alive


def main() -> int:
    """Print how many kills there were and how many builds ended otherwise; status 1 if any did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--each", type=int, default=4, help="kills on the way of one build")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, kills, wrong = random.Random(options.seed), 0, []
    with tempfile.TemporaryDirectory() as place:
        whole = clone(Path(place) / "whole")
        began = time.perf_counter()
        wanted = finished(whole)
        seconds = time.perf_counter() - began
        with tqdm(total=options.kills, unit="kill") as bar:
            while kills < options.kills:
                folder = clone(Path(place) / "killed")
                instants = []
                for _ in range(min(options.each, options.kills - kills)):
                    instants.append(rng.uniform(0.3, seconds))
                    if killed(folder, instants[-1]):
                        kills += 1
                        bar.update()
                found = finished(folder)
                left = [path.name for path in folder.rglob("*") if path.name.startswith(TEMPORARY)]
                if found != wanted or left:
                    other = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
                    wrong.append((instants, other[:5], left[:5]))
                shutil.rmtree(folder)
    for instants, other, left in wrong:
        print(f"killed after {[round(one, 2) for one in instants]} s: other bytes in {other}, left behind {left}")
    print(f"{kills} kills, {len(wrong)} builds that ended otherwise than the one never killed ({seconds:.0f} s)")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

"""Start two builds at once in one folder, again and again: one of them builds, and nothing of the two is mixed.

python tests/benchmarks/crowd.py --times 20     two cores: some ten minutes

The other must end with status 2 and one line that says who builds, or find everything fresh. What is there in the end
must have the bytes of a lone build's.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from kills import CALL, TEMPORARY, clone, finished, made
from tqdm import tqdm


def together(folder: Path, apart: float) -> list[tuple[int, str]]:
    """Return status and last line of errors of two builds, the second started so many seconds after the first."""
    builds = []
    for wait in (apart, 0):
        builds.append(subprocess.Popen(CALL, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        time.sleep(wait)
    ended = []
    for build in builds:
        lines = build.communicate()[0].replace("\r", "\n").strip().splitlines()
        ended.append((build.returncode, lines[-1] if lines else ""))
    return ended


def fair(ends: list[tuple[int, str]]) -> bool:
    """Return whether one build ended well and the other well too, or by telling who held the lock."""
    refused = [line for status, line in ends if status == 2]
    return sorted(status for status, _ in ends) in ([0, 0], [0, 2]) and all(
        line.startswith("error: ") and "in use by another build" in line for line in refused
    )


def main() -> int:
    """Print how the pairs ended; status 1 if any was not fair or left other bytes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, wrong, ways = random.Random(options.seed), [], Counter[str]()
    with tempfile.TemporaryDirectory() as place:
        wanted = finished(clone(Path(place) / "whole"))
        for _ in tqdm(range(options.times), unit="pair"):
            folder = clone(Path(place) / "shared")
            apart = rng.choice((0, 0, 0.05, 0.3, rng.uniform(1, 15)))
            ends = together(folder, apart)
            found = made(folder)
            left = [path.name for path in folder.rglob("*") if path.name.startswith(TEMPORARY)]
            ways["/".join(str(status) for status, _ in ends)] += 1
            if not fair(ends) or found != wanted or left:
                other = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
                wrong.append(f"{apart:.2f} s apart: {ends}, other bytes in {other[:5]}, left behind {left[:5]}")
            shutil.rmtree(folder)
    print(*wrong, sep="\n")
    print(f"{options.times} pairs ended with {dict(ways)}; {len(wrong)} otherwise than they should")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

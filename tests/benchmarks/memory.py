"""Compare a build's peak memory on few and on many rendered faces.

python tests/benchmarks/memory.py     two cores: some ten minutes

The small build draws four thousand faces and the large one ten times as many; networks and epochs are those of the
preset smoke, so that data, not training, fill the memory. The arrays of the data set are counted apart.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SIZES = (2600, 900, 500)  # faces for train, dev and test
BUILD = """
import sys
from dataclasses import replace
sys.path.insert(0, {root!r})
import build
from ferpipe.training.presets import PRESETS
smoke = PRESETS["rendered"]["smoke"]
PRESETS["rendered"]["smoke"] = replace(smoke, recipe=replace(smoke.recipe, part=0), sizes={sizes})
sys.exit(build.main(sys.argv[1:]))
"""


def measured(sizes: tuple[int, ...], stages: tuple[str, ...]) -> dict[str, int]:
    """Print each stage's peak memory and seconds, and return the peaks in bytes; the arrays' size is under "arrays"."""
    with tempfile.TemporaryDirectory() as place:
        folders = {f"--{name}": f"{place}/{name}" for name in ("artefacts", "results", "output")}
        peaks = {}
        for stage in stages:
            began = time.perf_counter()
            call = [sys.executable, "-c", BUILD.format(root=str(ROOT), sizes=sizes), stage, "--preset", "smoke"]
            running = subprocess.Popen(
                [*call, *(word for pair in folders.items() for word in pair)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(running.pid, 0)
            running.returncode = os.waitstatus_to_exitcode(status)
            if running.returncode:
                raise SystemExit(f"{stage} ended with status {running.returncode}")
            peaks[stage] = 1024 * used.ru_maxrss
            print(f"{sum(sizes):6} faces, {stage:8} {peaks[stage] / 2**20:6.0f} MiB, "
                  f"{time.perf_counter() - began:4.0f} s", flush=True)  # fmt: skip
        return {**peaks, "arrays": next(Path(place).glob("artefacts/rendered/dataset-*/dataset.npz")).stat().st_size}


def main() -> None:
    """Print the peaks, and for each stage how many times the small build's the large one's is, arrays aside."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=10, help="faces of the large build over those of the small one")
    options = parser.parse_args()
    stages = ("train", "analyse", "build")
    small, large = (measured(tuple(times * size for size in SIZES), stages) for times in (1, options.times))
    print(f"arrays: {small['arrays'] / 2**20:.0f} and {large['arrays'] / 2**20:.0f} MiB")
    for stage in stages[:2]:  # a page is made of results, and opens no picture of the data set
        whole = large[stage] / small[stage]
        aside = (large[stage] - large["arrays"]) / (small[stage] - small["arrays"])
        print(f"{stage:8} {whole:.2f} times the memory, {aside:.2f} times with the arrays aside")
    print(f"{'build':8} {large['build'] / small['build']:.2f} times the memory")


if __name__ == "__main__":
    main()

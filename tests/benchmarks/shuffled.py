"""Networks trained on shuffled labels learn nothing: no finding about what was learned may hold for them.

    python tests/benchmarks/shuffled.py [--preset smoke]

Draws the rendered faces, shuffles the labels of train and dev, makes the whole report of them in a folder of its own,
and fails if a finding that is `learned` holds. About as long as a default build.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

import build
from ferpipe.data.dataset import Split
from ferpipe.data.faces import rendered


def past(claim: dict[str, Any]) -> bool:
    """Return whether every network, and the interval, lies past the claim's bar, whatever the verdict says."""
    if claim["bar"] is None or claim["networks"] < 2 or claim["past"] < claim["networks"]:
        return False
    low, high = claim["interval"]
    return bool(low > claim["bar"] if claim["side"] == "above" else high < claim["bar"])


def main() -> int:
    """Return 0 if no finding about what was learned holds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset", default="default")
    parser.add_argument("--seed", default="0")
    asked = parser.parse_args()
    drawn, even, rng = rendered.dataset, rendered.even, np.random.default_rng(7)

    def shuffled(split: Split) -> Split:
        assert split.labels is not None
        return replace(split, labels=rng.permutation(split.labels))

    def dataset(*args, **kwargs):
        whole = drawn(*args, **kwargs)
        return replace(whole, train=shuffled(whole.train), dev=shuffled(whole.dev))

    rendered.dataset, rendered.even = dataset, lambda *args: shuffled(even(*args))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        code = build.main([
            "--preset", asked.preset, "--seed", asked.seed, "--artefacts", str(place / "artefacts"),
            "--results", str(place / "results"), "--output", str(place / "site"),
        ])  # fmt: skip
        if code:
            return code
        claims = json.loads((place / "site" / "claims.json").read_bytes())
    held = [claim["id"] for claim in claims if claim["verdict"] == "holds" and claim["about"] == "learned"]
    print("verdicts:", dict(Counter((claim["about"], claim["verdict"]) for claim in claims)))
    for claim in claims:
        print(f"{claim['id']:26} {claim['about']:13} {claim['verdict']:10} {claim['values']}")
    print("about what was learned, and held:", ", ".join(held) or "none")
    # such networks answer no better than chance, and so nothing about them is said to hold; the statistics alone:
    alone = [claim["id"] for claim in claims if claim["about"] == "learned" and past(claim)]
    print("would hold but for that:", ", ".join(alone) or "none")
    return bool(held)


if __name__ == "__main__":
    sys.exit(main())

"""A data set as one array file, so that the second load is instant.

<artefacts>/<dataset>/dataset/dataset.npz   every array of every split
                              recipe.json   what it was made of, and the hash of its pictures and labels
"""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np

from ferpipe.data.dataset import SPLITS, Dataset, Split
from ferpipe.errors import Slip
from ferpipe.storage import atomic, encoding

OWN = ("rendered", "fer2013")  # whose classes are always the same


def save(folder: Path, dataset: Dataset, recipe: encoding.JSON) -> str:
    """Write the data set and return its hash: 16 hexadecimal digits over every split's pictures and labels."""
    arrays = {f"truth/{name}": value for name, value in dataset.truth.items()}
    for name, split in dataset.splits.items():
        fields = {"images": split.images, "names": split.names, "labels": split.labels}
        arrays |= {f"{name}/{field}": value for field, value in fields.items() if value is not None}
    facts = {key: getattr(dataset, key) for key in ("name", "restricted", "classes", "notes", "shows")}
    arrays["facts"] = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    data = fingerprint(dataset)
    with atomic.folder(folder) as new:
        (new / "dataset.npz").write_bytes(encoding.npz_bytes(arrays, zipfile.ZIP_STORED))
        (new / "recipe.json").write_bytes(encoding.json_bytes({"recipe": recipe, "data": data, "shows": dataset.shows}))
    return data


def load(folder: Path, expected: str) -> Dataset:
    """Return the data set in `folder`; raises Slip when it is damaged: its hash is not the expected one."""
    arrays = encoding.read_npz(folder / "dataset.npz")
    try:
        facts = json.loads(arrays["facts"].tobytes())
        facts["classes"] = tuple(facts["classes"])
        splits = {
            name: Split(arrays[f"{name}/images"], arrays.get(f"{name}/labels"), arrays[f"{name}/names"])
            for name in SPLITS
            if f"{name}/images" in arrays
        }
        truth = {key.removeprefix("truth/"): value for key, value in arrays.items() if key.startswith("truth/")}
        dataset = Dataset(**facts, **{"test": None, **splits}, truth=truth)  # type: ignore[arg-type]
        damaged = fingerprint(dataset) != expected
    except (KeyError, ValueError, TypeError, AttributeError):
        damaged = True
    if damaged:
        raise Slip(f"{folder / 'dataset.npz'} is damaged; run python build.py --rebuild data")
    return dataset


def fingerprint(dataset: Dataset) -> str:
    """Return the hash of a data set's pictures and labels: what a network trained on it depends on.

    And of its classes' names, which results and networks tell, where they are not the project's own two data sets'.
    """
    digest = hashlib.sha256(b"" if dataset.name in OWN else repr(dataset.classes).encode())
    for name, split in dataset.splits.items():
        digest.update(f"{name} {len(split)}".encode())
        digest.update(np.ascontiguousarray(split.images).data)
        digest.update(b"" if split.labels is None else np.ascontiguousarray(split.labels, "<i8").data)
    return digest.hexdigest()[:16]

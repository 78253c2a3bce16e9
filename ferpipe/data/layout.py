"""What a picture's place in the tree says: its split and its label.

    train/<emotion>/Training_*.jpg   test/<emotion>/PublicTest_*.jpg   unlabelled/PrivateTest_*.jpg
    train/<emotion>/Training_*.jpg   test/<emotion>/PublicTest_*.jpg and PrivateTest_*.jpg
    train/<emotion>/*.jpg            test/<emotion>/*.jpg, which is then dev (beside validation/ it is test)

Any of these may lie in wrapping folders. FER2013's own file names outrank the folder.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ferpipe.data.sources import some
from ferpipe.emotions import EMOTIONS
from ferpipe.errors import Slip

WANTED = "wanted train/<emotion>/*.jpg and test/<emotion>/*.jpg, with unlabelled/*.jpg if you like"
FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "val", "valid", "validation", "publictest"), "dev"),
    **dict.fromkeys(("test", "privatetest"), "test"),
    **dict.fromkeys(("unlabelled", "unlabeled"), "unlabelled"),
}
PREFIXES = {"training": "train", "publictest": "dev", "privatetest": "test"}
SYNONYMS = {
    "angry": ("anger",),
    "disgust": ("disgusted",),
    "fear": ("fearful", "afraid", "scared"),
    "happy": ("happiness", "joy"),
    "sad": ("sadness",),
    "surprise": ("surprised",),
    "neutral": (),
}
LABELS = {name: label for label, emotion in enumerate(EMOTIONS) for name in (str(label), emotion, *SYNONYMS[emotion])}


class Place(NamedTuple):
    """Where a picture belongs."""

    split: str  # train, dev or test
    label: int | None
    stem: str  # its file's name without the ending, fit for UTF-8


class _Folders(NamedTuple):
    split: str | None  # as the folder says
    emotion: str | None  # the folder's name
    file: str


def places(names: Iterable[str], title: str) -> list[Place]:
    """Return each picture's place; raises Slip that names the folders that say nothing."""
    folders = {name: _folders(name) for name in names}
    if stray := [name for name, (split, _, _) in folders.items() if split is None]:
        raise Slip(f"{title}: {some(stray)} lies in no folder called train, test or unlabelled; {WANTED}")
    if bare := [name for name, (split, emotion, _) in folders.items() if split == "train" and emotion is None]:
        raise Slip(f"{title}: {some(bare)} lies in no folder of an emotion; {WANTED}")
    emotions = {emotion for _, emotion, _ in folders.values() if emotion is not None}
    if unknown := [emotion for emotion in emotions if emotion.lower() not in LABELS]:
        raise Slip(
            f"{title}: folder {some(unknown)} is no emotion; wanted {', '.join(EMOTIONS)} (or 0 to 6): rename it"
        )
    has_dev = any(split == "dev" for split, _, _ in folders.values())
    return [_place(folders[name], has_dev) for name in names]


def has_splits(names: Iterable[str]) -> bool:
    """Return whether any picture lies below a folder named after a split."""
    return any(part.lower() in FOLDERS for name in names for part in name.split("/")[:-1])


def _folders(name: str) -> _Folders:
    *parents, file = name.split("/")
    below: list[str] = []
    while parents:  # from the file upwards, so that a wrapping folder may be called anything
        folder = parents.pop()
        if split := FOLDERS.get(folder.lower()):
            return _Folders(split, below[-1] if below and split != "unlabelled" else None, file)
        below.append(folder)
    if below and below[0].lower() in LABELS:  # the train folder itself was named
        return _Folders("train", below[0], file)
    return _Folders(None, None, file)


def _place(folders: _Folders, has_dev: bool) -> Place:
    label = None if folders.emotion is None else LABELS[folders.emotion.lower()]
    if prefix := re.match(r"(training|publictest|privatetest)[_-]", folders.file, re.IGNORECASE):
        split = PREFIXES[prefix[1].lower()]
    elif folders.split == "test" and not has_dev:
        split = "dev"
    else:
        split = "test" if folders.split in ("test", "unlabelled") else str(folders.split)
    return Place("test" if label is None else split, label, stem(folders.file))


def stem(name: str) -> str:
    """Return a picture's file name without folders and ending, fit for UTF-8."""
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0].encode("utf-8", "backslashreplace").decode()

"""What a picture's place in a folder or a zip says: its split and its class.

    train/<class>/*.jpg   dev/<class>/*.jpg   test/<class>/*.jpg   unlabelled/*.jpg
    train/<class>/*.jpg   test/<class>/*.jpg, which is then dev
    <class>/*.jpg         all of it train, from which dev is held out

dev may be called val, valid, validation or public, and all of it may lie in wrapping folders. FER2013's own file names
outrank the folder, where its pictures lie in folders of its own classes.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ferpipe.data import classes, fer2013
from ferpipe.data.sources import shown, some
from ferpipe.errors import Slip

WANTED = "wanted train/<class>/*.jpg with dev/<class>/*.jpg or test/<class>/*.jpg, or <class>/*.jpg alone"
FOLDERS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("dev", "development", "val", "valid", "validation", "eval", "evaluation"), "dev"),
    **dict.fromkeys(("public", "publictest"), "dev"),
    **dict.fromkeys(("test", "testing", "private", "privatetest"), "test"),
    **dict.fromkeys(("unlabelled", "unlabeled"), "unlabelled"),
}
_WORDS = "class|cls|c|label|emotion|emo|expression|expr|exp|category|cat|target|id|n|类别|类|标签|情绪|表情"
_NUMBER = re.compile(rf"[#(]?(?:(?:{_WORDS})[ _.-]*)?[#(]?(-?\d{{1,9}})(?:\.0*)?\)?", re.IGNORECASE)  # 3, class_3, #3


class Place(NamedTuple):
    """Where a picture belongs."""

    split: str  # train, dev, test or unlabelled
    label: str | None  # the class as its folder is called
    stem: str  # its file's name without the ending, fit for UTF-8
    below: str  # its path from the split's folder on: of two copies of a tree in one place, the same


def split_of(folder: str) -> str | None:
    """Return the split that a folder's name means, None for any other folder."""
    word = re.sub(r"[\s_-]+", "", folder).lower()
    return FOLDERS.get(word) or FOLDERS.get(re.sub(r"(set|data|images|split)$", "", word))


def has_splits(names: Iterable[str]) -> bool:
    """Return whether any picture lies below a folder named after a split."""
    return any(split_of(part) for name in names for part in name.split("/")[:-1])


def places(names: Sequence[str], title: str) -> list[Place]:
    """Return each picture's place; raises Slip that names those whose place says nothing."""
    if not has_splits(names):
        return _of_classes(names, title)
    placed = [_place(name) for name in names]
    if stray := [name for name, place in zip(names, placed, strict=True) if place is None]:
        raise Slip(f"{title}: {some(stray)} lies in no folder called train, dev, test or unlabelled; {WANTED}")
    told = [place for place in placed if place is not None]
    if bare := [
        name for name, p in zip(names, told, strict=True) if p.label is None and p.split not in ("test", "unlabelled")
    ]:
        raise Slip(f"{title}: {some(bare)} lies in no folder of a class; {WANTED}")
    return told


def _place(name: str) -> Place | None:
    *parents, file = name.split("/")
    for depth in range(len(parents) - 1, -1, -1):  # from the file upwards: a wrapping folder may be called anything
        if split := split_of(parents[depth]):
            below = parents[depth + 1 :]
            label = below[0] if below and split != "unlabelled" else None
            return Place(split, label, stem(file), "/".join([split, *below, file]))
    return None


def _of_classes(names: Sequence[str], title: str) -> list[Place]:
    """Return the places of pictures in folders of their classes alone."""
    folders = [name.split("/")[:-1] for name in names]
    wrapped = next((k for k, parts in enumerate(zip(*folders, strict=False)) if len(set(parts)) > 1), None)
    wrapped = min(map(len, folders), default=0) if wrapped is None else wrapped
    if all(len(folder) == wrapped for folder in folders):  # all in one
        wrapped = max(wrapped - 1, 0)
    paths = ["/".join(name.split("/")[wrapped:]) for name in names]
    known, by_first = set(paths), dict[str, list[str]]()
    for path in paths:
        by_first.setdefault(path.split("/")[0], []).append(path.partition("/")[2])
    copies = {first for first, below in by_first.items() if known.issuperset(below)}  # images/images, say
    placed = []
    for name, path in zip(names, paths, strict=True):
        first, _, below = path.partition("/")
        path = below if first in copies else path
        if "/" not in path:
            raise Slip(f"{title}: '{shown(name, 80)}' lies in no folder of a class; {WANTED}")
        placed.append(Place("train", path.split("/")[0], stem(path), path))
    return placed


def is_fer2013(names: Iterable[str], labels: Iterable[str]) -> bool:
    """Return whether pictures are called as FER2013's are, and lie in folders of its classes."""
    known = classes.called([*labels, *fer2013.EMOTIONS])
    ours = {*fer2013.EMOTIONS, *map(str, range(len(fer2013.EMOTIONS)))}
    named = [fer2013.prefix(name) is not None for name in names]
    return {known[label] for label in labels} <= ours and 2 * sum(named) > len(named)


def moved(places: Sequence[Place], files: Sequence[str]) -> list[Place]:
    """Return FER2013's places, with the splits that its names of files tell."""
    return [p._replace(split=fer2013.prefix(file) or p.split) for p, file in zip(places, files, strict=True)]


def named(labels: Iterable[str], title: str, asked: str | None) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the class of each folder, and the classes in their order; `asked` is what --classes says.

    Raises Slip for folders that are only numbers, unless it says what they mean, and for other folders than it names.
    """
    written = {classes.fit(label, title): label for label in labels}
    numbers = {label: int(match[1]) for name, label in written.items() if (match := _NUMBER.fullmatch(name))}
    if numbers and asked is None:
        fitting = [name for name in classes.names() if set(numbers.values()) <= classes.order(name).keys()]
        which = "only" if len(numbers) == len(written) else "in part"
        raise Slip(
            f"{title}: its classes are {which} numbers ({some(numbers)}), which mean other things in each data set; "
            f"say which with --classes {', '.join(classes.names())} or FILE (lines such as '0 happy')"
            + (f"; {' and '.join(fitting)} {'have' if len(fitting) > 1 else 'has'} these" if fitting else "")
        )
    if asked is None:
        called = {label: name for name, label in written.items()}
        by_name = classes.called(called.values())
        by_folder = {label: by_name[name] for label, name in called.items()}
        return by_folder, classes.ordered(by_folder.values())
    order = classes.order(asked)
    known = classes.called([*order.values(), *written])
    by_number = {label: order[number] for label, number in numbers.items() if number in order}
    by_folder = {label: known[name] for name, label in written.items()} | by_number
    if strange := sorted(label for label, name in by_folder.items() if name not in order.values()):
        told = ", ".join(f"{number} {name}" for number, name in order.items())
        cure = "take it out" if asked in classes.names() else "name it there"
        raise Slip(f"{title}: {some(strange)} is no class of --classes {shown(asked)} ({told}); {cure}")
    return by_folder, tuple(name for name in order.values() if name in by_folder.values())


def stem(name: str) -> str:
    """Return a picture's file name without folders and ending, fit for UTF-8."""
    return printable(name.rsplit("/", 1)[-1].rsplit(".", 1)[0])


def printable(name: str) -> str:
    """Return a file's name fit for UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()

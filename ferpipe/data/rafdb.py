"""RAF-DB as its authors release it: a list of labels beside the aligned pictures.

S. Li, W. Deng and J. Du, Reliable crowdsourcing and deep locality-preserving learning for expression recognition in the
wild (CVPR 2017). A line of the list is `train_00001.jpg 5`, and the picture is Image/aligned/train_00001_aligned.jpg.
"""

from contextlib import closing

from ferpipe.data import classes, trees
from ferpipe.data.sources import Entry, Source, shown, some
from ferpipe.errors import Slip

ALIGNED = "_aligned"


def places(source: Source) -> tuple[list[Entry], list[trees.Place]]:
    """Return the listed pictures and their places; raises Slip for a line that is none, or a picture that is not there.

    Of a face that is there aligned and as it was found, the aligned picture.
    """
    order, listed = classes.order("rafdb"), source.lists[0]
    pictures: dict[str, Entry] = {}
    for entry in sorted(source.pictures, key=lambda entry: (ALIGNED in entry.file, entry.name)):
        pictures[trees.stem(entry.file).removesuffix(ALIGNED)] = entry
    entries, placed, missing = [], [], []
    with closing(source.lines(listed)) as lines:
        for number, line in enumerate(lines, 1):
            if not (fields := line.decode("utf-8-sig", "replace").split()):
                continue
            split = trees.split_of(fields[0].partition("_")[0])
            label = order.get(int(fields[-1])) if fields[-1].isdecimal() else None
            if split not in ("train", "test") or label is None or len(fields) != 2:
                raise Slip(
                    f"{source.name(listed)}, line {number:,}: '{shown(line.decode(errors='replace').strip(), 60)}'; "
                    "wanted a line such as 'train_00001.jpg 5', with a label from 1 to 7"
                )
            stem = trees.stem(fields[0]).removesuffix(ALIGNED)
            if stem not in pictures:
                missing.append(fields[0])
                continue
            file = pictures[stem].file
            entries.append(pictures[stem])
            placed.append(trees.Place(split, label, trees.stem(file), f"{split}/{label}/{file}"))
    if missing:
        raise Slip(
            f"{source.name(listed)}: {some(missing)} is not among the {len(pictures):,} pictures beside it; unpack "
            "Image/aligned.zip there"
        )
    return entries, placed

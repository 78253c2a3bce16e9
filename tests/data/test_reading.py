"""Data sets other than FER2013: trees of any classes, FER+, RAF-DB, numbers that mean something, names that do not."""

import io
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ferpipe.data import cache, classes, fer2013, reading
from ferpipe.data.faces import rendered
from ferpipe.errors import Slip

RNG = np.random.default_rng(0)
LEAVES = ("oak", "maple", "birch", "willow", "ash")


def picture(size=(64, 48), mode="RGB"):
    """A picture of noise: no two are alike."""
    bands = {"RGB": 3, "L": 1}[mode]
    noise = RNG.integers(0, 256, (size[1], size[0], bands), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise[..., 0] if mode == "L" else noise).save(buffer, "PNG")
    return buffer.getvalue()


def written(path, files):
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def tree(names, counts, splits=("train", "val", "test")):
    """A picture for each split, class and number: class k has counts[split][k]."""
    return {
        f"{split}/{name}/{i}.png".lstrip("/"): picture()
        for split, of_split in zip(splits, counts, strict=True)
        for name, n in zip(names, of_split, strict=True)
        for i in range(n)
    }


def counts(split, dataset):
    return dict(zip(dataset.classes, np.bincount(split.labels, minlength=len(dataset.classes)).tolist(), strict=True))


def refused(path, *needles, **asked):
    with pytest.raises(Slip) as caught:
        reading.load(path, 0, **asked)
    message = str(caught.value)
    assert message.isprintable() and all(needle in message for needle in needles), message
    return message


def test_five_classes_of_colour_pictures_are_read_class_by_class(tmp_path):
    path = written(tmp_path / "My Leaves", tree(LEAVES, [(5, 4, 3, 2, 1), (1, 1, 1, 1, 2), (2, 1, 1, 1, 1)]))
    dataset = reading.load(path, 0)
    assert (dataset.name, dataset.shows, dataset.classes) == ("my-leaves", "picture", tuple(sorted(LEAVES)))
    assert reading.name_of(path) == "my-leaves" and dataset.restricted
    assert counts(dataset.train, dataset) == {"oak": 5, "maple": 4, "birch": 3, "willow": 2, "ash": 1}
    assert counts(dataset.dev, dataset)["ash"] == 2 and counts(dataset.test, dataset)["oak"] == 2
    assert dataset.notes["converted"] == len(dataset.train) + len(dataset.dev) + len(dataset.test) == 27
    assert dataset.train.images.shape == (15, 48, 48)


@pytest.mark.parametrize("name", ["dev", "VAL", "valid", "Validation", "public", "public_test", "PublicTest"])
def test_dev_is_called_many_things(tmp_path, name):
    dataset = reading.load(written(tmp_path, tree(("a", "b"), [(2, 2), (1, 3)], ("Training", name))), 0)
    assert len(dataset.train) == 4 and counts(dataset.dev, dataset) == {"a": 1, "b": 3}
    assert not dataset.notes["dev_held_out"]


def test_test_without_dev_is_dev_and_classes_alone_hold_some_out(tmp_path):
    dataset = reading.load(written(tmp_path / "x", tree(("a", "b"), [(2, 2), (1, 3)], ("train", "test"))), 0)
    assert (len(dataset.train), len(dataset.dev), dataset.test) == (4, 4, None)
    path = written(tmp_path / "y", tree(("a", "b"), [(20, 30)], ("",)))
    dataset = reading.load(path, 0)
    assert counts(dataset.dev, dataset) == {"a": 2, "b": 3} and dataset.notes["dev_held_out"]


def test_wrapping_folders_and_deeper_ones_change_nothing(tmp_path):
    files = {f"some/where/{name}": content for name, content in tree(("a", "b"), [(3, 3)], ("",)).items()}
    files["some/where/b/deeper/7.png"] = picture()
    dataset = reading.load(written(tmp_path, files), 0)
    assert dataset.classes == ("a", "b") and len(dataset.train) + len(dataset.dev) == 7


def test_the_same_tree_twice_counts_once_and_is_told(tmp_path):
    for splits in (("train", "test"), ("",)):
        files = tree(("a", "b"), [(3, 3)] * len(splits), splits)
        twice = files | {f"images/{name}": content for name, content in files.items()}
        path = written(tmp_path / f"images{len(splits)}" / "images", twice)
        told = []
        dataset = reading.load(path, 0, tell=told.append)
        assert dataset.notes["left_out"] == {"repeated": len(files)}
        assert len(told) == 1 and f"{len(files)} picture(s) stand there twice" in told[0]
        assert len(dataset.train) + len(dataset.dev) == len(files)
        assert dataset.classes == ("a", "b")


def test_one_picture_twice_under_two_names_stays_two(tmp_path):
    files = tree(("a", "b"), [(3, 3), (1, 1)], ("train", "test"))
    files["train/a/copy.png"] = files["train/a/0.png"]
    assert "left_out" not in reading.load(written(tmp_path, files), 0).notes


@pytest.mark.parametrize(("numbers", "fitting"), [
    (range(7), "affectnet, fer2013 and ferplus"), (range(1, 8), "rafdb"), (range(8), "affectnet and ferplus"),
    (range(3, 11), ""), (("00", "01"), "affectnet, fer2013"), (("class_1", "class_2"), "rafdb"),
    (("Label 0", "Label 1"), "fer2013"), (("１", "２"), "rafdb"),
])  # fmt: skip
@pytest.mark.parametrize("splits", [("train", "test"), ("",)])
def test_numbers_alone_are_never_guessed(tmp_path, numbers, fitting, splits):
    names = [str(number) for number in numbers]
    path = written(tmp_path, tree(names, [[2] * len(names)] * len(splits), splits))
    message = refused(path, "--classes affectnet, fer2013, ferplus, rafdb or FILE")
    assert all(word.strip(",") in message.partition("; ")[2] for word in fitting.split())
    with pytest.raises(Slip, match="--classes"):
        reading.name_of(path)


@pytest.mark.parametrize(("asked", "first"), [("fer2013", 0), ("rafdb", 1), ("affectnet", 0)])
def test_with_classes_each_number_is_its_class(tmp_path, asked, first):
    order = classes.order(asked)
    wanted = {name: 2 + number for number, name in order.items()}
    path = written(tmp_path / "x", tree(list(map(str, order)), [list(wanted.values())], ("train",)))
    dataset = reading.load(path, 0, classes=asked)
    got = Counter(counts(dataset.train, dataset)) + Counter(counts(dataset.dev, dataset))
    assert got == wanted and dataset.classes == tuple(order.values()) and min(order) == first
    assert (dataset.name, dataset.shows) == ("x", "face")


def test_a_file_says_what_numbers_mean(tmp_path):
    file = tmp_path / "order.txt"
    file.write_text("# mine\n0 Anger\n2: happiness\n5,neutral\n")
    path = written(tmp_path / "x", tree(("0", "2", "5"), [(3, 4, 5), (1, 1, 1)], ("train", "test")))
    dataset = reading.load(path, 0, classes=str(file))
    assert counts(dataset.train, dataset) == {"angry": 3, "happy": 4, "neutral": 5}
    written(tmp_path / "x", {"train/7/a.png": picture()})
    refused(path, "'7' is no class of --classes", classes=str(file))
    for text in ("happy\n", "0 a\n0 b\n", "0 a\n", "0 a\n1 a\n"):
        file.write_text(text)
        refused(path, "order.txt", classes=str(file))
    refused(path, "--classes nothing", "fer2013", classes="nothing")


def test_names_of_emotions_are_one_in_any_case_and_spelling(tmp_path):
    files = tree(("Anger", "happiness", "Sadness", "CONTEMPT"), [(2, 3, 4, 5)], ("train",))
    files |= tree(("angry", "joy", "sad", "contempt"), [(1, 1, 1, 2)], ("val",))
    dataset = reading.load(written(tmp_path, files), 0)
    assert dataset.classes == ("angry", "happy", "sad", "contempt") and dataset.shows == "face"
    assert counts(dataset.train, dataset) == {"angry": 2, "happy": 3, "sad": 4, "contempt": 5}
    assert counts(dataset.dev, dataset) == {"angry": 1, "happy": 1, "sad": 1, "contempt": 2}


def test_a_word_that_is_an_emotion_elsewhere_stays_what_it_is(tmp_path):
    dataset = reading.load(
        written(tmp_path, tree(("Joy", "Dove", "Pears"), [(2, 2, 2), (1, 1, 1)], ("train", "val"))), 0
    )
    assert dataset.classes == ("Dove", "Joy", "Pears") and dataset.shows == "picture"


def test_too_many_classes_and_unfit_names_are_refused(tmp_path):
    names = [f"kind {letter}" for letter in "abcdefghijklmnopqrstu"]
    refused(written(tmp_path / "x", tree(names, [[1] * 21], ("train",))), "21 classes", "2 to 20")
    refused(written(tmp_path / "y", tree(("a<b>", "c"), [[1] * 2], ("train",))), "'a<b>' is no name for a class")
    written(tmp_path / "y2", tree(("a", "c"), [[2] * 2], ("train",)))
    refused(written(tmp_path / "rendered", tree(("a", "b"), [[2] * 2], ("train",))), "--name")
    path = written(tmp_path / "fer2013", tree(("a", "b"), [[2] * 2], ("train",)))
    refused(path, "is called fer2013, which is another", "--name")
    for name in ("ferplus", "rafdb"):
        refused(tmp_path / "y2", f"is called {name}", name=name)


class Coded(zipfile.ZipInfo):
    """A member whose name is written in some code, as old programs do."""

    def __init__(self, name, code, flag):
        super().__init__(name)
        self.written = name.encode(code), flag

    def _encodeFilenameFlags(self):  # noqa: N802
        return self.written


def test_old_archives_tell_names_in_other_codes(tmp_path):
    files = tree(("高兴", "生气", "中性"), [(3, 2, 4), (1, 1, 1)], ("train", "test"))
    for code, flag in (("gb2312", 0), ("utf-8", 0), ("utf-8", 0x800)):
        path = tmp_path / f"{code}{flag}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in files.items():
                archive.writestr(Coded(name, code, flag), content)
        dataset = reading.load(path, 0)
        assert counts(dataset.train, dataset) == {"angry": 2, "happy": 3, "neutral": 4}, code


def test_pictures_of_other_kinds_are_read_or_counted(tmp_path):
    image = Image.fromarray(RNG.integers(0, 256, (60, 60, 3), dtype=np.uint8))
    files = {}
    for k, (ending, form) in enumerate({"jfif": "JPEG", "jpe": "JPEG", "webp": "WEBP", "bmp": "BMP", "TIFF": "TIFF",
                                        "png": "PNG"}.items()):  # fmt: skip
        buffer = io.BytesIO()
        image.rotate(k).save(buffer, form)
        files[f"train/{'ab'[k % 2]}/{k}.{ending}"] = buffer.getvalue()
    files |= {"train/a/1.heic": b"heic", "train/b/2.HEIF": b"heif", "val/a/1.png": picture(), "val/b/1.png": picture()}
    told = []
    dataset = reading.load(written(tmp_path, files), 0, tell=told.append)
    assert told == [
        "2 picture(s) of kinds that are not read ('train/a/1.heic', 'train/b/2.HEIF'): save them as JPEG or PNG"
    ]
    assert len(dataset.train) == 6 and dataset.notes["left_out"] == {"unreadable": 2}
    refused(written(tmp_path / "only", {"a/1.heic": b"heic"}), "1 HEIC")


def faces(n=40, seed=3):
    """Rendered faces, (n, 48, 48), and the names of their true classes."""
    drawn = rendered.sample(n, seed)
    return rendered.draw(drawn), [rendered.EMOTIONS[label] for label in drawn.emotions]


def ferplus(path, images, votes, usages):
    """FER+'s two tables of these faces; votes are rows of ten counts."""
    path.mkdir(exist_ok=True)
    rows = [f"{k % 7},{' '.join(map(str, image.ravel()))},{usage}"
            for k, (image, usage) in enumerate(zip(images, usages, strict=True))]  # fmt: skip
    (path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    head = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    rows = [f"{usage},fer{k:07d}.png,{','.join(map(str, row))}" for k, (usage, row) in
            enumerate(zip(usages, votes, strict=True))]  # fmt: skip
    (path / "fer2013new.csv").write_text("\n".join([head, *rows]) + "\n")
    return path


@pytest.mark.parametrize("named", ["", "fer2013.csv"])
def test_ferplus_is_read_by_the_majority(tmp_path, named):
    images, names = faces()
    usages = ["Training"] * 25 + ["PublicTest"] * 8 + ["PrivateTest"] * 7
    votes = np.zeros((40, 10), int)
    votes[np.arange(40), [fer2013.PLUS.index(name) for name in names]] = 8
    votes[:, 7] += 1  # a single vote for contempt counts nothing
    votes[0] = [0] * 7 + [9, 1, 0]  # contempt
    votes[1] = [4, 4, 0, 0, 0, 0, 0, 0, 2, 0]  # no majority
    votes[2] = [3, 0, 0, 0, 0, 0, 0, 0, 7, 0]  # unknown
    votes[3] = [0] * 9 + [10]  # not a face
    dataset = reading.load(ferplus(tmp_path / "x", images, votes, usages) / named, 0)
    assert (dataset.name, dataset.classes, dataset.shows) == ("ferplus", fer2013.PLUS, "face")
    assert dataset.notes["left_out"] == {"not a face": 1, "unknown": 2}
    wanted = ["contempt", *names[4:25]]
    assert [dataset.classes[label] for label in dataset.train.labels] == wanted
    np.testing.assert_array_equal(dataset.train.images, images[[0, *range(4, 25)]])
    assert [dataset.classes[label] for label in dataset.dev.labels] == names[25:33]
    assert [dataset.classes[label] for label in dataset.test.labels] == names[33:]
    assert reading.load(tmp_path / "x" / named, 0, classes="fer2013").name == "fer2013"


def test_ferplus_that_does_not_fit_is_refused(tmp_path):
    images, votes = faces(8)[0], [[9] + [0] * 9, [0, 9] + [0] * 8] * 4
    usages = ["Training"] * 4 + ["PublicTest"] * 4
    path = ferplus(tmp_path / "x", images, votes, usages)
    good = (path / "fer2013new.csv").read_text().splitlines()
    for lines, needle in (
        (good[:-1], "ends after 7 rows"), ([*good, good[-1]], "more rows"), (good[1:], "begins with"),
        ([good[0], good[-1], *good[2:]], "row 1: is of dev"), ([*good[:-1], "Training,x,1,2"], "line 9"),
    ):  # fmt: skip
        (path / "fer2013new.csv").write_text("\n".join(lines))
        refused(path, "fer2013new.csv", needle)


def rafdb(path, images, names, split):
    """RAF-DB's list and its aligned pictures."""
    numbers = {name: number for number, name in classes.order("rafdb").items()}
    lines, files = [], {}
    for k, (image, name) in enumerate(zip(images, names, strict=True)):
        buffer = io.BytesIO()
        Image.fromarray(image).resize((100, 100)).convert("RGB").save(buffer, "PNG")
        stem = f"{split(k)}_{k:05d}"
        lines.append(f"{stem}.jpg {numbers[name]}")
        files[f"Image/aligned/{stem}_aligned.jpg"] = buffer.getvalue()
        files[f"Image/original/{stem}.jpg"] = picture()
    return written(path, files | {"EmoLabel/list_patition_label.txt": "\n".join(lines).encode()})


def test_rafdb_is_read_from_its_list(tmp_path):
    images, names = faces()
    path = rafdb(tmp_path / "basic", images, names, lambda k: "train" if k < 30 else "test")
    dataset = reading.load(path, 0)
    assert (dataset.name, dataset.shows) == ("rafdb", "face")
    assert dataset.classes == ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
    assert [dataset.classes[label] for label in dataset.train.labels] == names[:30]
    assert [dataset.classes[label] for label in dataset.dev.labels] == names[30:]
    (path / "Image/aligned/test_00035_aligned.jpg").unlink()
    assert reading.load(path, 0).dev.names[5] == "test_00035"  # as it was found
    (path / "Image/original/test_00035.jpg").unlink()
    refused(path, "is not among the", "aligned.zip")
    (path / "EmoLabel/list_patition_label.txt").write_text("train_00001.jpg 8\n")
    refused(path, "line 1", "1 to 7")


def test_every_order_has_its_source_beside_it():
    for path in classes.ORDERS.glob("*.txt"):
        assert path.read_text().startswith("#"), path
    assert set(classes.names()) == {"affectnet", "fer2013", "ferplus", "rafdb"}
    known = set(classes.spellings().values())
    assert all(set(classes.order(name).values()) <= known for name in classes.names())
    assert Path(classes.ORDERS).name == "orders"


def test_the_same_pictures_under_other_names_are_other_data(tmp_path):
    numbers = tree(list("0123456"), [[2] * 7, [1] * 7], ("train", "test"))
    path = written(tmp_path / "x", numbers)
    one, two = (cache.fingerprint(reading.load(path, 0, classes=name)) for name in ("fer2013", "affectnet"))
    assert one != two
    (path / "train" / "6" / "0.png").rename(path / "train" / "6" / "Training_17.png")  # one stray name tells nothing
    refused(path, "--classes")


@pytest.mark.parametrize("names", [
    ("0", "1", "happy"), ("-1", "0", "1"), ("1.0", "2.0"), ("c0", "c1"), ("exp_0", "exp_1"), ("#1", "#2"),
    ("(1)", "(2)"), (" 0", "1 "), ("类别1", "类别2"),
])  # fmt: skip
def test_numbers_in_disguise_are_asked_about_too(tmp_path, names):
    refused(written(tmp_path, tree(names, [[2] * len(names)], ("train",))), "--classes")


def test_numbers_before_names_and_old_hanzi_are_no_riddle(tmp_path):
    path = written(tmp_path / "x", tree(("0_anger", "1-happy", "2 Sad"), [[2] * 3], ("train_set",)))
    assert reading.load(path, 0).classes == ("angry", "happy", "sad")
    path = written(tmp_path / "y", tree(("憤怒", "開心"), [[2] * 2, [1] * 2], ("Train Set", "val_images")))
    assert reading.load(path, 0).classes == ("angry", "happy")
    path = written(tmp_path / "z", tree(("public house", "private_garden"), [[2] * 2], ("",)))
    assert reading.load(path, 0).classes == ("private_garden", "public house")


def test_a_table_of_something_else_beside_pictures_is_passed_over(tmp_path):
    files = tree(("a", "b"), [[3, 3]], ("",)) | {"labels.csv": b"id,label\n1,a\n"}
    assert reading.load(written(tmp_path, files), 0).classes == ("a", "b")

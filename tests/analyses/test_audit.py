from dataclasses import replace

import numpy as np
import pytest
from languages import EN, LANGUAGES

from ferpipe.analyses import audit
from ferpipe.figures import audit as drawer
from ferpipe.results import stored
from ferpipe.results.stored import plain


def noisy(image, levels, seed=0):
    """The picture with every pixel moved by up to so many grey levels."""
    moved = image + np.random.default_rng(seed).integers(-levels, levels + 1, image.shape)
    return moved.clip(0, 255).astype(np.uint8)


@pytest.fixture
def planted(study, splits):
    """A study of 60 train, 42 dev and 14 test pictures in which every copy is known."""
    one = study(
        labels=np.arange(42) % 7, answers=np.where(np.arange(42) < 4, (np.arange(42) + 1) % 7, np.arange(42) % 7)
    )
    train, dev, test = (replace(own, images=own.images.copy()) for own in (splits(60, 0), splits(42, 1), splits(14, 2)))
    test = replace(test, labels=None)
    train.images[7] = train.images[0]  # exact, label 0 as well
    train.images[15] = train.images[1]  # exact, label 1 as well
    train.images[22] = noisy(train.images[1], 1)  # near, label 1
    train.images[30] = train.images[3]  # exact, labels 3 and 2
    dev.images[0] = noisy(train.images[4], 1)  # near, labels 0 and 4
    dev.images[1] = train.images[8]  # exact, labels 1 and 1
    dev.images[9] = np.rint(0.7 * train.images[9] + 40)  # darker and flatter, labels 2 and 2
    test.images[0] = dev.images[20]  # exact
    train.images[50:52] = 77  # blank, and equal
    dev.images[41] = noisy(np.full((48, 48), 90), 0)
    dev.images[41, ::2] += 1  # deviates by half a level
    dataset = replace(one.dataset, train=train, dev=dev, test=test)
    return replace(one, dataset=dataset)


def test_every_planted_copy_is_counted_and_nothing_else(planted):
    numbers = plain(audit.analyse(planted))
    exact, near = numbers["exact"], numbers["near"]
    assert exact["within"] == {"train": {"groups": 3, "faces": 6}, "dev": none_of(), "test": none_of()}
    assert near["within"] == {"train": {"groups": 3, "faces": 7}, "dev": none_of(), "test": none_of()}
    assert exact["across"] == {
        "train_dev": {"groups": 1, "train": 1, "dev": 1},
        "train_test": {"groups": 0, "train": 0, "test": 0},
        "dev_test": {"groups": 1, "dev": 1, "test": 1},
    }
    assert near["across"] == {**exact["across"], "train_dev": {"groups": 3, "train": 3, "dev": 3}}
    assert exact["conflicts"] == {"groups": 1, "faces": 2, "train": 2, "dev": 0, "test": None}
    assert near["conflicts"] == {"groups": 2, "faces": 4, "train": 3, "dev": 1, "test": None}
    assert {name: own["blank"] for name, own in numbers["splits"].items()} == {"train": 2, "dev": 1, "test": 0}
    assert numbers["n"] == 60 + 42 + 14


def none_of():
    return {"groups": 0, "faces": 0}


def test_blocks_make_no_difference(planted, monkeypatch):
    whole = plain(audit.analyse(planted))
    monkeypatch.setattr(audit, "BLOCK", 16)
    assert plain(audit.analyse(replace(planted, shared={}))) == whole


def test_accuracy_is_told_apart_by_copies_in_train(planted):
    found = plain(audit.analyse(planted))["seen"]
    assert found["share"]["value"] == 3 / 42
    assert found["accuracy"]["n"] == 3 and found["accuracy"]["value"] == pytest.approx(
        1 / 3
    )  # 0 and 1 are wrong, 9 right
    assert found["rest"]["n"] == 39 and found["rest"]["value"] == pytest.approx(37 / 39)
    assert found["rest"]["interval"][0] < 37 / 39 < found["rest"]["interval"][1]


def test_a_picture_that_differs_by_more_than_the_tolerance_is_no_copy(splits):
    images = splits(6, 0).images
    pairs = [images[0], noisy(images[0], 2), images[1], noisy(images[1], 12), images[2], np.roll(images[2], 3, axis=1)]
    found = audit.measured(stacked := np.stack(pairs))
    copies = np.concatenate(list(audit.near_duplicates(stacked, *found, np.arange(6))))
    assert copies.tolist() == [[0, 1]]  # uniform over five levels deviates by 1.4, over 25 levels by 7.2


def test_the_difference_is_the_noise_whatever_the_light(splits):
    face = splits(1, 0).images[0]
    noise = np.random.default_rng(0).choice([-2.0, 2.0], face.shape)
    darker = np.clip(np.rint(face / 2 + 30 + noise), 0, 255).astype(np.uint8)
    images = np.stack([face, darker])
    means, deviations, _ = audit.measured(images)
    found = audit.differences(images, means, deviations, np.array([[0, 1], [1, 0], [0, 0]]))
    assert found == pytest.approx([4, 4, 0], abs=0.3)  # two levels of the picture with half the contrast


def test_brightness_and_contrast_are_in_grey_levels(study):
    images = np.full((42, 48, 48), 100, np.uint8)
    images[:, ::2] = 140
    images[0] = 60
    own = plain(audit.analyse(study(images=images)))["splits"]["dev"]
    assert own["brightness"]["mean"] == pytest.approx((41 * 120 + 60) / 42)
    assert own["brightness"]["quantiles"] == pytest.approx([120] * 5, abs=1)
    assert own["contrast"]["quantiles"][2] == pytest.approx(20) and own["blank"] == 1 and own["n"] == 42


def test_a_split_that_is_not_there_has_none(study):
    numbers = plain(audit.analyse(study()))
    assert numbers["splits"]["test"] is None and numbers["near"]["within"]["test"] is None
    assert numbers["near"]["across"]["train_test"] is None and numbers["near"]["across"]["train_dev"]["groups"] == 0
    assert numbers["seen"]["accuracy"] is None and numbers["seen"]["rest"]["n"] == 42
    assert numbers["wrong_labels"] is None


def test_wrong_labels_are_those_of_the_notes(study):
    one = study()
    shares = {"train": 0.07, "dev": 0.068, "test": None}
    result = audit.analyse(replace(one, dataset=replace(one.dataset, notes={"wrong_labels": shares})))
    assert result.wrong_labels == shares
    assert "7.0%" in drawer.draw(result, EN).body


def test_nothing_but_counts_is_published(planted):
    result = audit.analyse(replace(planted, dataset=replace(planted.dataset, restricted=True)))
    assert not stored.arrays(result) and not stored.arrays(result, "private")


def test_the_table_has_its_counts_in_both_languages(planted):
    result = audit.analyse(planted)
    bodies = {language: drawer.draw(result, language).body for language in LANGUAGES}
    assert "With a copy in train" in bodies["en"] and "在训练集中有副本" in bodies["zh"]
    assert "7<small>6 to the pixel</small>" in bodies["en"]
    assert "33.3%" in bodies["en"] and "94.9%" in bodies["zh"]
    for body in bodies.values():
        assert body.count("<tr>") == 10 and body.count("<td") == 27
    data = drawer.draw(result, EN).files["audit.csv"].decode().splitlines()
    assert "within,train,7,6" in data and "train,dev,3,1" in data and "train,train,," in data

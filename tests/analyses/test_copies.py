from dataclasses import replace

import numpy as np
import pytest
from languages import LANGUAGES

from ferpipe.analyses import audit, copies
from ferpipe.figures import copies as drawer
from ferpipe.results import stored
from ferpipe.results.stored import plain

COPIED = 12  # the first dev faces


@pytest.fixture
def planted(study, splits):
    """A study whose first dev faces stand in train too; of each member's predictions others are wrong there."""
    labels = np.arange(42) % 7
    one = study(members=2, labels=labels, answers=labels)
    train, dev = splits(60, 0), splits(42, 1)
    train.images[:COPIED] = dev.images[:COPIED]
    right = (np.r_[:42] < 24, (np.r_[:42] < 6) | (np.r_[:42] >= COPIED))  # 12 of 30 and 30 of 30 without copies
    members = tuple(
        replace(member, epoch_logits=np.stack([logits(labels, own)] * 2))
        for member, own in zip(one.members, right, strict=True)
    )
    return replace(one, members=members, dataset=replace(one.dataset, train=train, dev=dev))


def logits(labels, right):
    """Logits (n, 7) of predictions that are right where they should be; the right ones are the surer."""
    return np.where(right, 4.0, 2.0)[:, None] * np.eye(7)[np.where(right, labels, (labels + 1) % 7)]


def test_accuracies_and_their_difference_are_those_that_were_planted(planted):
    found = plain(copies.analyse(planted))
    first, second = found["members"]
    assert (found["copied"], found["n"], first["every"]["n"], first["without"]["n"]) == (COPIED, 42, 42, 30)
    assert first["every"]["value"] == pytest.approx(24 / 42) and first["without"]["value"] == pytest.approx(12 / 30)
    assert first["drop"]["value"] == pytest.approx(24 / 42 - 12 / 30) and first["drop"]["interval"][0] > 0
    assert second["drop"]["value"] == pytest.approx(36 / 42 - 1) and second["drop"]["interval"][1] < 0
    assert (found["lower"], found["higher"]) == (1, 1)
    assert found["ensemble"]["every"]["value"] == 1  # whichever is right is the surer, and one is everywhere


def test_the_interval_of_the_difference_covers_what_a_whole_population_has():
    rng, n = np.random.default_rng(0), 400
    inside = []
    for _ in range(100):
        copied = rng.random(n) < 0.2
        right = rng.random(n) < np.where(copied, 0.9, 0.6)  # 0.66 on all, 0.06 more than without copies
        low, high = copies.drop(right, copied, copies.resamples(rng, n, 200)).interval
        inside.append(low < 0.06 < high)
    assert 0.88 < np.mean(inside) < 1


def test_without_copies_there_is_no_difference(study):
    found = copies.analyse(study())
    assert found.copied == found.lower == found.higher == 0
    assert found.ensemble.drop is None and found.ensemble.without == found.ensemble.every


def test_where_every_face_has_a_copy_nothing_is_left_to_be_measured_on(study):
    one = study(n=14)
    everything = copies.analyse(replace(one, dataset=replace(one.dataset, train=one.dataset.dev)))
    assert everything.copied == 14 and everything.ensemble.without is None and everything.ensemble.drop is None


def test_copies_are_looked_for_once(planted, monkeypatch):
    audit.analyse(planted)
    monkeypatch.setattr(audit, "linked", None)
    assert copies.analyse(planted).copied == COPIED


def test_both_panels_can_be_drawn_and_the_numbers_lie_beside_them(planted):
    result = copies.analyse(planted)
    assert not stored.arrays(result)
    for language, word in zip(LANGUAGES, ("without copies", "去除副本"), strict=True):
        figure = drawer.draw(result, language)
        assert word in figure.files[f"copies.{language}.svg"].decode()
        rows = figure.files["copies.csv"].decode().splitlines()
        assert len(rows) == 1 + 3 * 3 and rows[1].startswith("m0,every,0.57")

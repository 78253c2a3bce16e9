from dataclasses import replace

import numpy as np
import pytest

from ferpipe.analyses import ensemble
from ferpipe.results.stored import plain


def test_equal_members_equal_one(study):
    labels = np.arange(42) % 7
    answers = np.where(np.arange(42) < 30, labels, (labels + 1) % 7)
    numbers = plain(ensemble.analyse(study(members=2, labels=labels, answers=answers)))
    assert numbers["gain"]["value"] == 0
    assert numbers["gain"]["interval"] == [0, 0]
    assert numbers["mcnemar"] == [1, 1]
    assert numbers["disagreement"] == 0
    assert {numbers[key]["accuracy"] for key in ("mean", "vote")} == {30 / 42}
    assert [one["accuracy"] for one in numbers["by_size"]] == [30 / 42] * 2
    assert numbers["mean"]["loss"] == pytest.approx(numbers["members"][0]["loss"])


def test_one_member_is_an_ensemble_too(study):
    numbers = plain(ensemble.analyse(study(members=1)))
    assert numbers["disagreement"] is None
    assert len(numbers["by_size"]) == 1
    assert numbers["gain"]["value"] == 0


def test_members_that_err_on_different_faces_gain(study):
    one = study(members=3)
    labels = np.array(one.labels)
    members = []
    for k, member in enumerate(one.members):
        logits = np.eye(7)[np.where(np.arange(42) % 3 == k, (labels + 1 + k) % 7, labels)] * 2
        members.append(replace(member, epoch_logits=np.stack([logits] * 2).astype(np.float16)))
    numbers = plain(ensemble.analyse(replace(one, members=tuple(members))))
    assert numbers["mean"]["accuracy"] == numbers["vote"]["accuracy"] == 1
    assert numbers["gain"]["value"] == pytest.approx(1 / 3)
    assert numbers["gain"]["interval"][0] > 0.2
    assert max(numbers["mcnemar"]) == pytest.approx(2 / 2**14)
    assert numbers["disagreement"] == pytest.approx(2 / 3)
    assert [one["size"] for one in numbers["by_size"]] == [1, 2, 3]


def test_a_tied_vote_goes_to_the_higher_mean_probability():
    first, second = [0.6, 0.4, 0, 0, 0, 0, 0], [0.1, 0.9, 0, 0, 0, 0, 0]
    assert ensemble.vote(np.array([[first], [second]])).tolist() == [1]
    third = [0.51, 0.49, 0, 0, 0, 0, 0]
    assert ensemble.vote(np.array([[first], [second], [third]])).tolist() == [0]  # a majority, however unsure


def test_subsets_are_all_of_them_up_to_ten_members_and_drawn_beyond():
    assert len(ensemble.chosen(10, 5, np.random.default_rng(0))) == 252
    drawn = ensemble.chosen(14, 7, np.random.default_rng(0))
    assert len({tuple(subset) for subset in drawn}) == ensemble.SUBSETS
    assert all(len(set(subset)) == 7 for subset in drawn)


def test_test_accuracy_is_given_where_labels_are_known(study, splits):
    assert plain(ensemble.analyse(study(test=splits(14, 3))))["test"]["n"] == 14
    assert ensemble.analyse(study(test=replace(splits(14, 3), labels=None))).test is None


def test_views_are_scored_beside_single_answers(study):
    labels = np.arange(42) % 7
    one = study(members=2, labels=labels, answers=(labels + 1) % 7)  # each face seen once: always wrong
    right = np.eye(7)[labels].astype(np.float16)
    seen = replace(one, members=tuple(replace(member, view_logits=right) for member in one.members))
    numbers = plain(ensemble.analyse(seen))
    assert numbers["mean"]["accuracy"] == 0
    assert numbers["views"]["mean"]["accuracy"] == 1
    assert [member["accuracy"] for member in numbers["views"]["members"]] == [1, 1]


def test_the_student_is_held_against_the_best_member(study):
    labels = np.arange(42) % 7
    one = study(members=2, labels=labels, answers=np.where(np.arange(42) < 21, labels, (labels + 1) % 7), taught=True)
    perfect = np.stack([np.eye(7)[labels]] * 2).astype(np.float16)
    weak = np.stack([np.eye(7)[(labels + 2) % 7]] * 2).astype(np.float16)
    taught = replace(
        one,
        members=(replace(one.members[0], epoch_logits=weak), one.members[1]),
        student=replace(one.student, epoch_logits=perfect, goes_on=True),
    )
    found = plain(ensemble.analyse(taught))["student"]
    assert found["accuracy"] == 1 and found["best"]["name"] == "m1" and found["best"]["accuracy"] == 0.5
    assert found["difference"]["value"] == 0.5 and found["difference"]["interval"][0] > 0
    assert found["mcnemar"] == pytest.approx(2 * 0.5**21) and found["goes_on"]
    assert plain(ensemble.analyse(replace(one, student=None)))["student"] is None


def test_members_are_of_as_many_kinds_as_they_have_recipes(study):
    one = study(members=3)
    assert plain(ensemble.analyse(one))["kinds"] == 1
    other = replace(one.members[2], recipe=replace(one.members[2].recipe, mixup=0.2))
    assert plain(ensemble.analyse(replace(one, members=(*one.members[:2], other))))["kinds"] == 2


def test_without_weights_the_test_split_stays_closed(study, splits):
    one = study(members=2, test=splits(7, 3))
    assert plain(ensemble.analyse(one))["test"]["n"] == 7
    answers_alone = tuple(replace(member, weights=None) for member in one.members)
    assert plain(ensemble.analyse(replace(one, members=answers_alone)))["test"] is None

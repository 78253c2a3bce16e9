from dataclasses import replace

import numpy as np
import pytest
from languages import EN, LANGUAGES

from ferpipe.analyses import suspects
from ferpipe.figures import suspects as drawer
from ferpipe.results import stored
from ferpipe.results.stored import plain


def trained(one, *margins, **truth):
    """The study with these margins of train's faces, one array a member, and what is known of them."""
    members = tuple(
        replace(member, margins=None if own is None else np.asarray(own, np.float16))
        for member, own in zip(one.members, margins, strict=True)
    )
    return replace(one, members=members, dataset=replace(one.dataset, truth={**one.dataset.truth, **truth}))


@pytest.fixture
def known(study):
    """A study of 60 train faces whose six lowest margins are four wrong labels and two right ones."""
    one = study(members=2)
    emotions = one.dataset.train.labels.copy()
    wrong = [3, 10, 20, 30, 59]  # the last one has a high margin
    emotions[wrong] = (emotions[wrong] + 1) % 7
    margins = np.linspace(1, 2, 60)
    margins[[3, 10, 20, 30, 40, 50]] = [-6, -5, -4, -3, -2, -1]
    return trained(one, margins - 0.5, margins + 0.5, train_emotions=emotions)


def test_precision_and_recall_are_those_that_were_planted(known):
    found = plain(suspects.analyse(known))
    assert (found["members"], found["measured"], found["n"]) == (2, 2, 60)
    ranking = found["ranking"]
    assert ranking["check"] == "truth" and ranking["wrong"]["value"] == pytest.approx(5 / 60)
    by_share = {cutoff["share"]: cutoff for cutoff in ranking["cutoffs"]}
    assert [by_share[share]["n"] for share in suspects.SHARES] == [1, 1, 3, 6, 12]
    assert ranking["chosen"] == by_share[0.05] and ranking["chosen"]["highest"] == -4
    assert [by_share[share]["precision"]["value"] for share in (0.05, 0.1, 0.2)] == pytest.approx([1, 4 / 6, 4 / 12])
    assert [by_share[share]["recall"] for share in (0.05, 0.1, 0.2)] == pytest.approx([3 / 5, 4 / 5, 4 / 5])
    assert (sum(ranking["bins"]["right"]), sum(ranking["bins"]["wrong"])) == (55, 5)


def test_the_most_suspect_faces_are_shown_with_label_and_truth(known):
    result = suspects.analyse(known)
    train, emotions = known.dataset.train, known.dataset.truth["train_emotions"]
    assert [face.name for face in result.shown][:4] == ["3", "10", "20", "30"] and len(result.shown) == 12
    assert [face.margin for face in result.shown[:4]] == [-6, -5, -4, -3]
    assert [(face.label, face.emotion) for face in result.shown[:2]] == [
        (train.labels[k], emotions[k]) for k in (3, 10)
    ]
    assert np.array_equal(result.private.suspects[0], train.images[3])


def test_nothing_of_a_face_of_a_restricted_data_set_is_shown(known):
    result = suspects.analyse(replace(known, dataset=replace(known.dataset, restricted=True)))
    assert result.shown == [] and result.private is None and not stored.arrays(result)
    assert result.ranking == suspects.analyse(known).ranking


def test_members_without_margins_or_with_those_of_other_faces_are_left_out(known):
    own = [member.margins for member in known.members]
    found = suspects.analyse(trained(known, own[0], None))
    assert (found.members, found.measured) == (2, 1) and found.ranking.chosen.highest == -4.5
    assert suspects.analyse(trained(known, own[0], own[1][:7])).measured == 1
    nothing = suspects.analyse(trained(known, None, None))
    assert (nothing.measured, nothing.n, nothing.ranking, nothing.shown) == (0, 0, None, [])


def test_a_face_is_ranked_by_the_members_that_were_trained_on_it():
    each = np.array([[1.0, np.nan, -3, np.nan], [2, -1, np.nan, np.nan]])
    margins, ranked = suspects.averaged(each)
    assert ranked.tolist() == [2, 1, 0] and margins[ranked].tolist() == [-3, -1, 1.5]


def test_without_the_truth_copies_of_another_label_are_the_check(study):
    one = study(members=1)
    images = one.dataset.train.images.copy()
    images[9] = images[1]  # labels 2 and 1
    images[15] = images[8]  # both 1
    margins = np.linspace(0, 1, 60)
    margins[[9, 1]] = -2, -1
    dataset = replace(one.dataset, train=replace(one.dataset.train, images=images))
    ranking = suspects.analyse(trained(replace(one, dataset=dataset), margins)).ranking
    assert ranking.check == "copies" and ranking.wrong.value == pytest.approx(2 / 60)
    assert ranking.chosen.precision.value == pytest.approx(2 / 3) and ranking.chosen.recall == 1


def test_without_a_wrong_label_nothing_can_be_recalled(study):
    ranking = suspects.analyse(trained(study(members=1), np.zeros(60))).ranking
    assert ranking.wrong.value == 0 and ranking.chosen.recall is None


def test_panels_and_faces_can_be_drawn_in_both_languages(known):
    result = suspects.analyse(known)
    for language, word in zip(LANGUAGES, ("Share with a wrong label", "查准率（错误标签）"), strict=True):
        figure = drawer.draw(result, language)
        assert word in figure.files[f"suspects.{language}.svg"].decode()
        assert figure.body.count("<li>") == 12 == sum(name.startswith("suspect-") for name in figure.files)
    body = drawer.draw(result, EN).body
    assert body.count('<span class="wrong">in truth') == 4
    assert body.count('<span class="right">label correct') == 8
    bare = drawer.draw(replace(result, private=None, shown=[]), EN)
    assert "<li>" not in bare.body and "suspects.json" in bare.files


def test_a_face_whose_truth_is_not_known_has_its_label_alone(study):
    one = trained(study(members=1), np.arange(60))
    body = drawer.draw(suspects.analyse(one), EN).body
    assert "in truth" not in body and "Face labelled angry" in body

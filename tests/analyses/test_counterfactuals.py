from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
import torch
from torch import nn

from ferpipe.analyses import confusion, fresh, parts
from ferpipe.analyses.counterfactuals import Counterfactual, available, counterfactuals, effects
from ferpipe.data.faces import rendered
from ferpipe.data.faces.rendered import UNITS
from ferpipe.errors import Slip
from ferpipe.explainers.inputs import logits
from ferpipe.networks.members import Member
from ferpipe.training.presets import DATA_SEED

CPU = torch.device("cpu")
FEAR, SAD = 2, 4
SHOWN = {"AU1", "AU2", "AU4", "AU5", "AU20", "AU25", "AU26"}  # fear's units but AU7, which moves less than at rest


class Reads(nn.Module):
    """A label's logit is the sum of the inputs times `weights` (48, 48), the others' are zero."""

    def __init__(self, weights, label=FEAR):
        super().__init__()
        self.weights, self.label = torch.tensor(weights, dtype=torch.float64), label

    def forward(self, given):
        found = (given[:, 0].double() * self.weights).sum((1, 2))
        return found[:, None] * nn.functional.one_hot(torch.tensor(self.label), 7)


@dataclass(frozen=True)
class Answering(Member):
    """A member that answers with another network."""

    answering: nn.Module | None = None

    def network(self, device):
        return self.answering


def drawn(study, network=None, n=24, emotion=FEAR, sure=True, members=1, preset="default"):
    """A study of drawn dev faces, all at full intensity, without wrong labels; answered rightly if `sure`."""
    faces = rendered.sample(n, 3, intensity=1.0, emotions=np.full(n, emotion), mislabel=False)
    answers = faces.labels if sure else (faces.labels + 1) % 7
    one = study(n=n, labels=faces.labels, images=rendered.draw(faces), answers=answers, members=members, preset=preset)
    truth = {name: getattr(faces, name) for name in ("emotions", "units", "hands", "traits", "seeds")}
    own = one.members
    if network is not None:
        values = {part.name: getattr(own[0], part.name) for part in fields(own[0])}
        own = (Answering(**values, answering=network), *own[1:])
    return replace(one, dataset=replace(one.dataset, name="rendered", truth=truth), members=own)


def test_the_parts_are_the_units_of_the_expression_and_the_hand(study):
    one = drawn(study, n=40)
    found = counterfactuals(one, np.arange(40))
    hands = one.dataset.truth["hands"]
    assert {part for face in found for part in face.parts} == SHOWN | {"hand"}
    assert [("hand" in face.parts) for face in found] == hands.tolist() and 0 < hands.sum() < 40
    assert all(face.parts == tuple(sorted(face.parts, key=(*UNITS, "hand").index)) for face in found)


def test_a_mask_is_where_the_picture_without_the_part_differs_by_two_grey_levels(study):
    one = drawn(study, n=6)
    for index, face in zip((4, 1), counterfactuals(one, np.array([4, 1])), strict=True):
        original = one.dataset.dev.images[index].astype(int)
        for k, part in enumerate(face.parts):
            whole = rendered.Faces(**one.dataset.truth, labels=one.labels)[np.array([index])]
            assert np.array_equal(face.pictures[k], rendered.draw(rendered.without(whole, part))[0])
            assert np.array_equal(face.masks[k], np.abs(original - face.pictures[k]) >= 2)
            assert face.masks[k].any()


def test_a_neutral_face_without_a_hand_has_no_part_and_no_effect(study):
    one = drawn(study, emotion=6)
    alone = np.flatnonzero(~one.dataset.truth["hands"])[:2]
    found = counterfactuals(one, alone)
    assert [face.parts for face in found] == [(), ()] and found[0].pictures.shape == (0, 48, 48)
    images = one.dataset.dev.images[alone]
    assert [len(own) for own in effects(one.model, images, np.array([6, 6]), found, CPU)] == [0, 0]


def test_the_dev_faces_of_the_data_set_are_drawn_again(study):
    made = rendered.dataset((1, 30, 1), seed=5)
    faces = rendered.sample(30, 51)
    truth = {**made.truth, "traits": faces.traits, "seeds": faces.seeds}
    one = replace(drawn(study, n=1), dataset=replace(made, truth=truth))
    found = counterfactuals(one, np.arange(30)[::-1], ("hand",))  # that it raises nothing is the point
    assert [bool(face.parts) for face in found] == made.truth["hands"][::-1].tolist()


def test_a_face_that_is_drawn_otherwise_is_refused(study):
    one = drawn(study, n=6)
    images = one.dataset.dev.images.copy()
    images[3, 20, 20] ^= 1
    other = replace(one, dataset=replace(one.dataset, dev=replace(one.dataset.dev, images=images)))
    counterfactuals(other, np.array([2, 4]))
    with pytest.raises(Slip, match=r"1 dev faces, such as 3, are drawn otherwise .*--rebuild data"):
        counterfactuals(other, np.array([2, 3]))


def test_faces_whose_drawing_is_not_known_are_refused(study):
    one = drawn(study, n=6)
    truth = {name: values for name, values in one.dataset.truth.items() if name not in ("traits", "seeds")}
    with pytest.raises(Slip, match="no traits and seeds"):
        counterfactuals(replace(one, dataset=replace(one.dataset, truth=truth)), np.array([0]))
    assert available(one) and not available(study())


def test_an_effect_is_the_change_of_what_the_network_reads(study):
    weights = np.zeros((48, 48))
    weights[8:16, 8:16] = 0.1
    images = np.full((2, 48, 48), 100, np.uint8)
    pictures = np.repeat(images[:1], 3, 0)
    pictures[0, 8:12, 8:16] = 60  # half of what is read
    pictures[1, 30:40, 30:40] = 0  # none of it
    pictures[2, 8:16, 8:16] = 120
    one = Counterfactual(("AU1", "AU2", "AU4"), pictures, pictures != images[0])
    two = Counterfactual(("AU9",), pictures[2:], pictures[2:] != images[0])
    found = effects(Reads(weights), images, np.array([FEAR, FEAR]), [one, two], CPU)
    unit = 0.1 / (255 * 0.25)  # of the logit per grey level and pixel
    np.testing.assert_allclose(found[0], [32 * 40 * unit, 0, -64 * 20 * unit], atol=1e-6)
    np.testing.assert_allclose(found[1], [-64 * 20 * unit], atol=1e-6)
    against = effects(Reads(weights), images, np.array([FEAR, 0]), [one, two], CPU)
    assert against[1][0] > 0  # what lowers fear raises every other answer


def test_faces_of_a_verdict_are_drawn_anew_and_rightly_labelled(study):
    emotions = np.arange(210) % 7
    faces, others = fresh.faces(emotions, 0), fresh.faces(emotions, 1)
    assert (faces.labels == emotions).all() and (faces.emotions == emotions).all()
    seeds = {tuple(seed) for seed in faces.seeds.tolist()}
    assert not seeds & {tuple(seed) for seed in others.seeds.tolist()}
    assert not seeds & {tuple(seed) for seed in study_of_default_faces()}


def study_of_default_faces():
    """What draws the noise of faces of the data set that is built without options."""
    return [seed for stream in range(4) for seed in rendered.sample(10, 10 * DATA_SEED + stream).seeds.tolist()]


def test_missed_sadness_is_asked_of_new_faces_without_a_hand(study):
    one = drawn(study, preset="smoke")
    sample = parts.of_sadness(one)
    assert len(sample.images) == 35 and (sample.labels == SAD).all()
    faces = rendered.without(fresh.faces(np.full(35, SAD), 0), "hand")
    assert (sample.images == rendered.draw(faces)).all() and not faces.hands.any()
    assert (sample.units == faces.units).all()
    brow = np.flatnonzero(faces.units[:, UNITS.index("AU1")] > rendered.RESTING)
    assert set(brow) <= set(sample.whose[sample.kinds[:, 1] == parts.UPPER]) and len(brow) > 20
    photographs = study(n=42, labels=np.arange(42) % 7, known=True)  # the same, of faces that cannot be drawn again
    dev = parts.of_sadness(photographs)
    assert len(dev.images) == 6 and dev.units is None and len(dev.lacking) == 6 * 2 * len(parts.OF_REGION)


def test_classes_are_compared_on_faces_drawn_evenly(study):
    one = drawn(study, preset="smoke", members=2)
    one = replace(one, balanced=one.members)
    answered = confusion.evenly(one)
    assert np.bincount(answered.labels).tolist() == [20] * 7
    assert len(answered.members) == len(answered.balanced) == 2
    assert (answered.members[1] == answered.balanced[1]).all() and answered.members[1].shape == (140,)
    images = rendered.draw(fresh.faces(answered.labels, 1))
    assert (answered.members[0] == logits(one.members[0].network(CPU), images, CPU).argmax(1)).mean() > 0.95

"""Portraits and the photograph: which faces, which changes, and what may be published of them."""

import numpy as np
import pytest

from ferpipe.analyses import photograph, portraits
from ferpipe.data.faces import rendered
from ferpipe.data.faces.traits import NAMES
from ferpipe.results import restricted
from ferpipe.results.stored import plain


def test_a_face_of_each_class_but_neutral_under_every_method(study):
    result = portraits.analyse(study())
    assert [face["label"] for face in plain(result)["faces"]] == [0, 1, 2, 3, 4, 5]
    assert result.private.maps.shape == (len(result.methods), 6, 48, 48)
    assert not result.changes and result.private.changed_maps.shape == (len(result.methods), 0, 48, 48)


def test_a_changed_face_differs_in_that_thing_alone():
    face = rendered.sample(1, 3, intensity=1.0, emotions=np.array([3]))
    variants = portraits.changed(face)
    for name, other in variants.items():
        units = np.flatnonzero((other.units != face.units)[0])
        traits = [NAMES[k] for k in np.flatnonzero((other.traits != face.traits)[0])]
        assert other.hands[0] == (name == "hand" or face.hands[0])
        assert traits == {"glasses": ["glasses"]}.get(name, [])
        assert {rendered.UNITS[k] for k in units} <= {"mouth": {"AU12", "AU25"}, "brows": {"AU4"}}.get(name, set())
    pictures = {name: rendered.draw(other)[0] for name, other in variants.items()}
    for name in ("mouth", "brows", "hand", "glasses"):
        assert (pictures[name] != pictures["none"]).any(), name


def test_the_photograph_is_one_upright_face_and_every_network_is_asked(study):
    result = photograph.analyse(study(members=3))
    image = result.arrays.image
    assert image.shape == (48, 48) and image.dtype == np.uint8 and image.std() > 30
    assert image[24:40, 12:34].mean() > image[:10].mean()  # skin below, hair above
    assert len(result.members) == 3 and result.members[0] == result.prediction
    assert result.arrays.maps.shape == (len(result.methods), 48, 48)


@pytest.mark.parametrize(("analysis", "may"), [("photograph", True), ("portraits", False), ("saliency", False)])
def test_only_the_photographs_own_arrays_may_be_published_as_such(monkeypatch, analysis, may):
    monkeypatch.setattr(restricted.stored, "kinds", lambda name: {"image": restricted.PUBLIC})
    assert (restricted.kind(analysis, "image", (48, 48)) is not None) == may


def test_portraits_of_restricted_data_stay_on_the_machine(study):
    result = portraits.analyse(study(restricted=True))
    assert not hasattr(result, "arrays") and result.private is not None

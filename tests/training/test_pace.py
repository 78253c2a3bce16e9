from dataclasses import replace

import pytest
import torch

from ferpipe.networks.recipes import Recipe, student
from ferpipe.training import pace
from ferpipe.training.presets import PRESETS, plan

RECIPE = Recipe(width=8, epochs=4, small=1, batch=16)


def test_hours_are_counted_from_a_few_steps_of_each_kind(monkeypatch):
    asked = []
    monkeypatch.setattr(pace, "_steps", lambda kind, teachers, *_: asked.append((kind, len(teachers))) or [1.0, 3.0])
    recipes = [RECIPE, replace(RECIPE, seed=5, part=32), student(RECIPE, [])]
    given = pace.hours(recipes, [[], [], [RECIPE] * 2], 160, 7, torch.device("cpu"))
    one = 1 * 1 + 3 * 3  # an epoch of small faces, three of whole ones
    assert given == pytest.approx((10 * one + 2 * one + 10 * one) / 3600)
    assert [teachers for _, teachers in asked] == [0, 2]  # a kind is timed once


def test_steps_are_timed_with_their_teachers():
    small, large = pace._steps(replace(student(RECIPE, []), epochs=2), [RECIPE], 7, torch.device("cpu"))
    assert small > 0 and large > 0


def test_overnight_trains_teachers_before_pupils():
    night = plan(PRESETS["fer2013"]["overnight"], 0)
    first, second, third = night.rounds
    assert [(r.role, bool(r.distil)) for r in first] == [("member", False)] * 2 + [("overfitted", False)] * 3
    assert [(r.seed, r.distil, r.label_smoothing) for r in second] == [(k, 0.7, 0.0) for k in (2, 3, 4)]
    assert [r.role for r in third] == ["student", "balanced", "balanced"] and third[1].balanced
    assert [night.teachers(r) for r in second] == [night.members[:2]] * 3 and night.teachers(third[0]) == night.members
    assert {(r.stem, r.width, r.epochs) for r in night.members} == {("pooled", 32, 40)}
    alone = plan(PRESETS["fer2013"]["overnight"], 0, members=1)
    assert alone.rounds[1] == [] and alone.teachers(alone.student) == alone.members


@pytest.mark.parametrize("data", ["rendered", "fer2013"])
def test_the_student_of_wide_networks_is_small_enough_to_be_shipped(data):
    full, night = (plan(PRESETS[data][name], 3, epochs=12) for name in ("full", "overnight"))
    assert full.pupil == night.pupil and {r.width for r in full.members} == {64}
    assert (full.student.stem, full.student.width, full.student.seed, full.student.epochs) == ("pooled", 32, 3, 12)


def test_a_student_goes_on_from_a_teacher_that_is_built_as_it_is():
    wide = replace(RECIPE, width=16)
    alone, further = student(RECIPE, [wide]), student(RECIPE, [wide, replace(RECIPE, seed=1)])
    assert alone == replace(RECIPE, role="student", distil=0.7, label_smoothing=0.0)
    assert further == replace(alone, epochs=1, small=0, learning_rate=alone.learning_rate / 2, muon=alone.muon / 2)
    for other in (replace(RECIPE, pretrained=True), replace(RECIPE, held=9)):  # from ImageNet; faces the teacher knows
        assert student(other, [other]).epochs == RECIPE.epochs
    assert plan(PRESETS["fer2013"]["overnight"], 0).student.epochs == 10


def test_pretrained_members_of_any_preset_fit_torchvisions_weights():
    for preset in PRESETS["fer2013"].values():
        for recipe in plan(preset, 0, pretrained=True).members:
            assert (recipe.stem, recipe.width, recipe.pretrained) == ("imagenet", 64, True) and recipe.muon <= 0.01
            assert recipe.enlarge == (2 if preset.long else 1)

"""What the command line asks for, as the stages are given it."""

import pytest

from ferpipe.build import layout, settings
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.training.presets import PRESETS


def asked(tmp_path, **options):
    given = Options(data=tmp_path, name="fer2013", artefacts=tmp_path / "a", **options)
    return settings.of(given, layout.of(given))


@pytest.mark.parametrize("init", ["imagenet", "weights.pth"])
def test_init_tells_full_where_its_weights_lie_and_leaves_its_kinds(tmp_path, init):
    plain, told = asked(tmp_path, preset="full"), asked(tmp_path, preset="full", init=init)
    assert told.plan == plain.plan and told.init == init and plain.init == "imagenet"
    assert len({(recipe.stem, recipe.pretrained) for recipe in told.plan.members}) > 1


def test_init_is_never_passed_over(tmp_path):
    assert asked(tmp_path, preset="full", init="weights.pth", members=1).plan.members[0].pretrained
    (tmp_path / "members/member-0").mkdir(parents=True)
    (tmp_path / "members/member-0/recipe.json").write_text("{}")
    loading = {"preset": "full", "load": tmp_path / "members", "student": True}
    assert asked(tmp_path, init="weights.pth", **loading).pupil.pretrained
    assert not asked(tmp_path, **loading).pupil.pretrained


@pytest.mark.parametrize("flag", [{"members": 2}, {"epochs": 3}, {"init": "imagenet"}, {"student": True}])
def test_the_shipped_networks_are_not_trained(tmp_path, flag):
    with pytest.raises(Slip, match=f"--{next(iter(flag))}: --preset shipped trains nothing"):
        asked(tmp_path, preset="shipped", **flag)
    with pytest.raises(Slip, match=r"copy .*fer2013 and name the copy"):
        asked(tmp_path, load=settings.SHIPPED / "fer2013", student=True)


@pytest.mark.parametrize("preset", sorted(set(PRESETS["fer2013"]) - {"full"}))
def test_init_gives_every_network_of_the_other_presets_such_a_start(tmp_path, preset):
    plan = asked(tmp_path, preset=preset, init="imagenet").plan
    networks = [*plan.members, *plan.overfitted, *plan.balanced, *filter(None, [plan.student])]
    assert all(recipe.pretrained and recipe.width == 64 for recipe in networks)
    assert not any(recipe.pretrained for recipe in asked(tmp_path, preset=preset).plan.members)

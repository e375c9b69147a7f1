import pytest

from portproof.calibration import recipes
from portproof.calibration.observe.ranges import ESTIMATORS
from portproof.device_profiles.errors import PortproofError


def test_every_recipe_can_be_made() -> None:
    assert list(recipes.RECIPES) == ["fast", "default", "thorough", "dynamic", "weight-only"]
    for name, recipe in recipes.RECIPES.items():
        assert (recipe.name, recipe.estimator in ESTIMATORS, bool(recipe.summary)) == (name, True, True)
        steps = [*recipe.graph_steps(), *recipe.weight_steps()]
        assert all(isinstance(step.name, str) for step in steps)
        assert steps
        assert not (recipe.graph_steps() and recipe.form == "weight_only")  # they are for activations


def test_each_rung_does_what_the_one_below_does_and_more() -> None:
    names = [[step.name for step in recipes.find(rung).weight_steps()] for rung in ("fast", "default", "thorough")]
    assert names == [
        ["bias correction"],
        ["second-order rounding", "bias correction"],
        ["second-order rounding", "AdaRound", "bias correction"],
    ]


def test_recipes_are_found_by_name_or_given() -> None:
    fast = recipes.find("fast")
    assert recipes.find(fast) is fast
    with pytest.raises(PortproofError, match="no recipe is named 'defalt'") as raised:
        recipes.find("defalt")
    assert raised.value.code == "E-CALIB-RECIPE"
    assert "did you mean default?" in str(raised.value)

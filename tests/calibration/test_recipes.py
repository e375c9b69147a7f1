from pathlib import Path

import numpy as np
import pytest
from nets import conv_net, images, save

from portproof.calibration import quantize, recipes
from portproof.calibration.observe.ranges import ESTIMATORS
from portproof.device_profiles.errors import PortproofError


def test_every_recipe_can_be_made() -> None:
    assert list(recipes.RECIPES) == ["fast", "default", "thorough", "w8a16", "dynamic", "weight-only"]
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


@pytest.mark.parametrize("unit", ["qnn-htp", "litert-reference", "ethos-u"])
def test_int16_activations_where_the_unit_has_them(unit: str, tmp_path: Path) -> None:
    path = save(conv_net(opset=21), tmp_path)
    wide = quantize(path, tmp_path / "wide.onnx", images(20), recipe="w8a16", device=unit)
    narrow = quantize(path, tmp_path / "narrow.onnx", images(20), recipe="default", device=unit)
    assert {encoding.dtype for encoding in wide.plan.activations.values()} == {"int16"}
    assert {weights.integers.dtype for weights in wide.plan.weights.values()} == {np.dtype(np.int8)}
    assert wide.report.accuracy.sqnr_db > narrow.report.accuracy.sqnr_db + 10


@pytest.mark.parametrize(
    ("unit", "opset", "code", "why"),
    [("litert-xnnpack", 21, "E-CALIB-NOTHING", "int16"), ("qnn-htp", 18, "E-MODEL-UNSUPPORTED", "operator set 21")],
)
def test_int16_activations_are_refused_by_name(unit: str, opset: int, code: str, why: str, tmp_path: Path) -> None:
    path = save(conv_net(opset=opset), tmp_path)
    with pytest.raises(PortproofError, match=why) as caught:
        quantize(path, tmp_path / "q.onnx", images(20), recipe="w8a16", device=unit)
    assert caught.value.messages[0].code == code
    assert not (tmp_path / "q.onnx").exists()

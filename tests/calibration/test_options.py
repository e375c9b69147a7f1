"""What may be asked for in integers."""

from pathlib import Path

import pytest
from nets import conv_net, images, save

from portproof.calibration import quantize
from portproof.calibration.sensitivity.goal import Goal
from portproof.calibration.sensitivity.targets import Targets
from portproof.device_profiles.errors import PortproofError


@pytest.mark.parametrize(
    ("asked", "recipe", "what", "hint"),
    [
        ("Sofmax", "default", "no operator 'Sofmax'", ""),
        ("ReduceMea", "default", "no operator 'ReduceMea'", "did you mean ReduceMean?"),
        ("Conv", "dynamic", "nothing with fixed scales", "w8a16"),
    ],
)
def test_what_would_be_ignored_is_refused(asked: str, recipe: str, what: str, hint: str, tmp_path: Path) -> None:
    path = save(conv_net(), tmp_path)
    with pytest.raises(PortproofError, match=what) as caught:
        quantize(path, tmp_path / "q.onnx", images(20), recipe=recipe, integers=[asked])
    assert caught.value.messages[0].code == "E-USAGE"
    assert hint in (caught.value.messages[0].hint or "")


def test_a_mix_decides_itself(tmp_path: Path) -> None:
    path, goal = save(conv_net(), tmp_path), Goal(targets=Targets(min_sqnr_db=20.0))
    with pytest.raises(PortproofError, match="a mix decides itself"):
        quantize(path, tmp_path / "q.onnx", images(20), integers=["Conv"], goal=goal)


def test_it_reaches_the_file(tmp_path: Path) -> None:
    path = save(conv_net(), tmp_path)
    found = quantize(path, tmp_path / "q.onnx", images(20), recipe="fast", integers=["Conv", "Add"])
    kinds = {node.split("_")[0] for node in found.plan.integer}
    assert {"Conv", "Add"} <= kinds

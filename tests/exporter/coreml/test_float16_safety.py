"""Which operators stay in float32: those that leave float16's range or lose it, and no others."""

from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.harness import model_of, onnx_outputs

from portproof.exporter.coreml import float16_safety
from portproof.exporter.coreml.conversion import write_model
from portproof.exporter.coreml.float16_safety import BOUND, LOOSER, Choice, choose
from portproof.runtimes.options import RunOptions
from portproof.runtimes.parity import run_in_source_layout

X = np.linspace(-4, 4, 24, dtype=np.float32).reshape(2, 12)

LARGE = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,12] x) => (float[2,12] y) {
  r = Relu(x)
  b = Mul(r, up)
  c = Mul(b, up2)
  d = Mul(c, down)
  y = Tanh(d)
}
"""
SCALES = {"up": np.float32(600), "up2": np.float32(900), "down": np.float32(1 / 540_000)}
MASKED = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,12] x, float[2,12] mask) => (float[2,12] y) {
  s = Add(x, mask)
  y = Softmax<axis = 1>(s)
}
"""
CANCELS = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,12] x) => (float[2,12] y) {
  big = Add(x, far)
  back = Sub(big, far)
  y = Tanh(back)
}
"""


STEPS = 9
AMPLIFIES = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,12] x) => (float[2,12] y) {{
  {steps}
  y = Sin(w{last})
}}
""".format(
    steps="\n  ".join(
        f"w{n} = Mul({f's{n - 1}' if n else 'x'}, by)" + (f"\n  s{n} = Sin(w{n})" if n < STEPS - 1 else "")
        for n in range(STEPS)
    ),
    last=STEPS - 1,
)


def chosen(folder: Path, model: ir.Model, inputs: dict[str, np.ndarray]) -> Choice:
    write_model(model, folder / "wide.mlpackage", target="iOS17", float16=False)
    return choose(folder / "wide.mlpackage", [inputs])


def kinds(choice: Choice) -> list[str]:
    return sorted(choice.observed[name].type for name in choice.keep)


def test_what_leaves_the_range_stays_in_float32_and_the_package_does_so(tmp_path: Path) -> None:
    from portproof.runtimes.coreml.runner import CoreMLRunner

    model, inputs = model_of(LARGE, **SCALES), {"x": X}
    choice = chosen(tmp_path, model, inputs)
    assert kinds(choice) == ["mul", "mul"]
    assert all("float16 holds up to 65504" in why for why in choice.keep.values())
    assert choice.error <= BOUND
    want = onnx_outputs(model, inputs)["y"]
    errors = {}
    for keep in ((), tuple(choice.keep)):
        path = tmp_path / f"half{len(keep)}.mlpackage"
        write_model(model, path, target="iOS17", float16=True, keep_float32=keep)
        with CoreMLRunner(path, RunOptions(precision="strict")) as runner:
            errors[len(keep)] = float(np.abs(run_in_source_layout(runner, inputs)["y"] - want).max())
    assert not errors[0] <= BOUND
    assert errors[2] <= BOUND


def test_a_mask_may_go_to_minus_infinity(tmp_path: Path) -> None:
    mask = np.where(X > 1, np.finfo(np.float32).min, 0).astype(np.float32)
    choice = chosen(tmp_path, model_of(MASKED), {"x": X, "mask": mask})
    assert not choice.keep
    assert choice.error <= BOUND


def test_what_loses_its_digits_stays_in_float32(tmp_path: Path) -> None:
    model = model_of(CANCELS, far=np.full((2, 12), 20_000, np.float32))
    choice = chosen(tmp_path, model, {"x": X})
    assert kinds(choice) == ["add", "sub"]
    assert all("of the largest" in why for why in choice.keep.values())


def test_what_the_rest_amplifies_stays_in_float32_the_first_operators_then(tmp_path: Path) -> None:
    """Each loses no more than float16 does anywhere; what the first ones lose is tripled in each step behind."""
    model, inputs = model_of(AMPLIFIES, by=np.float32(2.6)), {"x": X}
    choice = chosen(tmp_path, model, inputs)
    order = list(choice.observed)
    places = sorted(order.index(name) for name in choice.keep)
    assert choice.error <= BOUND
    assert 0 < len(places) <= len(order) // 2
    assert max(places) < len(order) - 4
    assert any("such changes add up" in why for why in choice.keep.values())


def test_a_harmless_program_keeps_nothing(tmp_path: Path) -> None:
    choice = chosen(tmp_path, model_of(LARGE, up=np.float32(2), up2=np.float32(2), down=np.float32(0.25)), {"x": X})
    assert not choice.keep


def test_what_only_moves_data_stays_in_float32_where_the_input_itself_must_not_be_rounded(tmp_path: Path) -> None:
    steps = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,12] x) => (float[2,6] y) {
  t = Slice(x, start, end, axis)
  w = Mul(t, by)
  y = Sin(w)
}
"""
    ends = {"start": np.array([3], np.int64), "end": np.array([9], np.int64), "axis": np.array([1], np.int64)}
    choice = chosen(tmp_path, model_of(steps, by=np.float32(300), **ends), {"x": X})
    assert choice.error <= BOUND
    assert kinds(choice) == ["mul", "sin", "slice_by_index"]


def test_inputs_that_the_choice_was_not_made_from_have_to_come_out_too(tmp_path: Path) -> None:
    model = model_of(CANCELS.replace("float[2,12] x)", "float[2,12] x, float[2,12] far)"))
    write_model(model, tmp_path / "wide.mlpackage", target="iOS17", float16=False)
    near, away = ({"x": X, "far": np.full((2, 12), value, np.float32)} for value in (0, 20_000))
    blind = choose(tmp_path / "wide.mlpackage", [near])
    assert not blind.keep
    told = choose(tmp_path / "wide.mlpackage", [near], others=[near, away, near])
    assert {"add", "sub"} <= set(kinds(told))
    assert told.error <= BOUND


def test_where_most_would_have_to_stay_twice_the_bound_has_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(float16_safety, "FEW", 0.25)
    choice = chosen(tmp_path, model_of(AMPLIFIES, by=np.float32(2.6)), {"x": X})
    assert choice.wanted > 0.25 * len(choice.observed)
    assert len(choice.keep) < choice.wanted
    assert BOUND < choice.error <= LOOSER * BOUND

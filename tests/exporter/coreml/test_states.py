"""Inputs that become states."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml import convert
from portproof.runtimes.coreml import make_state, predict

HEAD = '<ir_version: 10, opset_import: ["": 24]> '
CACHE = """g (float[1,2,1,4] new, float[1,2,8,4] past, int64[1] at) => (float[1,2,8,4] present, float[1,2,4] y) {
    present = TensorScatter <axis = 2> (past, new, at)
    y = ReduceSum <keepdims = 0> (present, axes) }"""
COUNTER = "g (float[2] x, float[2] total) => (float[2] sum, float[2] y) { sum = Add (x, total)  y = Neg (sum) }"


def saved(folder: Path, text: str, **constants: np.ndarray) -> Path:
    proto = onnx.parser.parse_model(HEAD + text)
    proto.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in constants.items())
    onnx.save(proto, folder / "m.onnx")
    return folder / "m.onnx"


@pytest.mark.parametrize("float16", [True, False])
def test_what_a_run_leaves_is_there_for_the_next(tmp_path: Path, float16: bool) -> None:
    package = tmp_path / "m.mlpackage"
    convert(saved(tmp_path, COUNTER), package, target="iOS18", float16=float16, states={"total": "sum"})
    state = make_state(package)
    for turn in (1, 2, 3):
        got = predict(package, {"x": np.array([1, 0.5], np.float32)}, state=state)
        assert list(got) == ["y"]
        np.testing.assert_array_equal(got["y"], [-turn, -turn / 2])
    np.testing.assert_array_equal(state.read("total"), [3, 1.5])


def test_a_cache_that_is_written_into(tmp_path: Path) -> None:
    package = tmp_path / "m.mlpackage"
    source = saved(tmp_path, CACHE, axes=np.array([2]))
    convert(source, package, target="iOS18", states={"past": "present"})
    state, want = make_state(package), np.zeros((1, 2, 8, 4), np.float32)
    for place in (0, 1, 5):
        new = np.full((1, 2, 1, 4), place + 1, np.float32)
        want[:, :, place] = place + 1
        got = predict(package, {"new": new, "at": np.array([place], np.int32)}, state=state)
        np.testing.assert_array_equal(got["y"], want.sum(2))
    np.testing.assert_array_equal(state.read("past"), want)


@pytest.mark.parametrize(
    ("states", "target", "why"),
    [
        ({"total": "sum"}, "iOS17", "packages for iOS17 have no states"),
        ({"nobody": "sum"}, "iOS18", "no input of the model is named 'nobody'"),
        ({"total": "nothing"}, "iOS18", "no output of the model is named 'nothing'"),
        ({"total": "sum", "x": "sum"}, "iOS18", "replaces two inputs"),
        ({"total": "sum", "x": "y"}, "iOS18", "every output is a state"),
    ],
)
def test_refusals(tmp_path: Path, states: dict[str, str], target: str, why: str) -> None:
    with pytest.raises(PortproofError, match=why):
        convert(saved(tmp_path, COUNTER), tmp_path / "m.mlpackage", target=target, states=states)


def test_shapes_and_types_that_no_state_has(tmp_path: Path) -> None:
    text = """g (float[1,2] x, float[3,2] past, int64[2] n) => (float[4,2] present, int64[2] m, float[1,2] y) {
        present = Concat <axis = 0> (past, x)
        m = Add (n, n)
        y = Neg (x) }"""
    with pytest.raises(PortproofError) as caught:
        convert(
            saved(tmp_path, text),
            tmp_path / "m.mlpackage",
            target="iOS18",
            states={"past": "present", "n": "m"},
        )
    assert [message.why for message in caught.value.messages] == [
        "present has the shape 4x2, and it has 3x2",
        "it is of type int64, and Core ML keeps states in float16",
    ]

"""Gather."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import run
from tests.exporter.coreml.ops.movement_support import TYPES, case, cases_model, check_cases, data, ints, refused
from tests.exporter.tflite.harness import model_of, node_model


@pytest.mark.parametrize("target", ["iOS16", "iOS18"])
def test_axes_and_indices(target: str) -> None:
    where = {"i": np.array([[0, -1, 1], [2, -3, 0]], np.int64)}
    inputs = {"x": data((3, 4, 3)), "j": ints(-1, 0, -3, 2), "k": np.array(-2, np.int32)}
    cases = [case("Gather", "x i", axis=axis, constants=where) for axis in (0, 1, -1)]
    cases += [case("Gather", f"x {name}", axis=axis) for name in "jk" for axis in (0, 2)]
    cases += [case("Gather", "x i", axis=1, constants={"i": np.array(-1)})]
    check_cases(cases, inputs, target=target, float16=False)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    inputs = {"x": data((4, 3), dtype), "i": ints(-1, 2)}
    check_cases([case("Gather", "x i", axis=0)], inputs, float16=dtype.startswith("float"))


def test_whole_numbers_keep_their_32_bits() -> None:
    """coremltools would bring those of a float16 program to 16."""
    inputs = {"x": np.array([[70000, -3], [2**31 - 1, -(2**31)]]), "i": ints(1, 0)}
    cases = [case("Gather", "x i", axis=0), case("GatherElements", "x e", constants={"e": np.array([[1, 0]])})]
    got, _ = run(cases_model(cases, inputs), inputs, float16=True)
    np.testing.assert_array_equal(got["y0_0"], inputs["x"][::-1])
    np.testing.assert_array_equal(got["y1_0"], [[2**31 - 1, -3]])


def test_a_constant_index_outside_is_refused() -> None:
    refused(node_model("Gather", {"x": data((3,))}, constants={"i": ints(3)}), "outside of the data")


def test_indices_that_count_from_0_are_not_looked_at() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[4,3] x, bool[2] c) => (float[N,3] y) {
        p = NonZero (c)
        i = Squeeze (p, a)
        y = Gather (x, i)
    }"""
    _, written = run(model_of(text, a=ints(0)), {"x": data((4, 3)), "c": np.array([False, True])})
    assert "select" not in written.op_counts

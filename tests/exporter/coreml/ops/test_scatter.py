"""Scatter, ScatterElements and ScatterND."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data, ints, refused
from tests.exporter.tflite.harness import node_model

REDUCTIONS = ["none", "add", "mul", "min", "max"]


def updates(shape: tuple[int, ...], indices: np.ndarray) -> dict[str, np.ndarray]:
    return {"i": indices, "u": data(shape, seed=3)}


@pytest.mark.parametrize("target", ["iOS16", "iOS18"])
def test_reductions(target: str) -> None:
    places = np.array([[0, -1, 1], [2, 0, -2]])
    whole = updates((2, 3), places)
    part = updates((2, 2), places[:, :2])
    points = updates((2, 3), ints(-1, 1).reshape(2, 1))
    cases = [
        case(op, "x i u", constants=constants, reduction=reduction)
        for reduction in REDUCTIONS
        for op, constants in (("ScatterElements", whole), ("ScatterElements", part), ("ScatterND", points))
    ]
    inputs = {"x": data((4, 3)), "j": places}
    cases += [case("ScatterElements", "x j u", constants=whole, reduction="add")]
    cases += [case("ScatterElements", "x i u", axis=1, constants=updates((4, 1), np.array([[0], [-1], [2], [1]])))]
    check_cases(cases, inputs, target=target, float16=False)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    constants = {"i": ints(-1, 0).reshape(2, 1), "u": data((2, 1), dtype, seed=1), "w": data((2, 3), dtype, seed=1)}
    cases = [
        case("ScatterElements", "x i u", constants={name: constants[name] for name in "iu"}),
        case("ScatterND", "x i w", constants={name: constants[name] for name in "iw"}),
    ]
    check_cases(cases, {"x": data((4, 3), dtype)}, float16=dtype.startswith("float"))


def test_the_first_name_and_narrow_sums_that_wrap() -> None:
    check_cases(
        [case("Scatter", "x i u", constants=updates((1, 2), np.array([[1, 0]])))], {"x": data((3, 2))}, opset=10
    )
    constants = {"i": np.array([0, 0]), "u": np.array([200, 100], np.uint8)}
    many = [case("ScatterElements", "x i u", constants=constants, reduction="add")]
    check_cases(many, {"x": np.array([7, 9], np.uint8)}, float16=False)


def test_an_index_outside_is_refused() -> None:
    constants = {"i": np.array([4]), "u": np.array([1], np.float32)}
    refused(node_model("ScatterElements", {"x": data((4,))}, constants=constants), "outside of the data")

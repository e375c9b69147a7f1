"""TensorScatter."""

import pytest
from tests.exporter.coreml.harness import run
from tests.exporter.coreml.ops.movement_support import case, cases_model, check_cases, data, ints


@pytest.mark.parametrize("target", ["iOS16", "iOS18"])
def test_places_modes_and_axes(target: str) -> None:
    inputs = {"p": data((2, 5, 3)), "n": data((2, 2, 3), seed=1), "q": data((1, 5, 3)), "m": data((1, 2, 3), seed=1)}
    inputs |= {"w": ints(3, 1), "o": ints(2), "c": ints(4, 1)}
    cases = [
        case("TensorScatter", "p n w", axis=1),
        case("TensorScatter", "p n", axis=1),
        case("TensorScatter", "q m o", axis=-2),
        case("TensorScatter", "p n c", axis=1, mode="circular"),
        case("TensorScatter", "p u w", axis=2, constants={"u": data((2, 5, 1), seed=2)}, mode="circular"),
    ]
    inputs["w"] = ints(1, 2)
    check_cases(cases, inputs, opset=24, oracle="reference", target=target, float16=False)


def test_one_sequence_is_a_slice_update() -> None:
    inputs = {"q": data((1, 5, 3)), "m": data((1, 2, 3)), "o": ints(2)}
    _, written = run(cases_model([case("TensorScatter", "q m o", axis=1)], inputs, opset=24), inputs)
    assert "slice_update" in written.op_counts

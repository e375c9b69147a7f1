"""CenterCropPad and ReverseSequence."""

import pytest
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data, ints


def test_crops_and_pads() -> None:
    cases = [case("CenterCropPad", "x s", constants={"s": ints(*sizes)}) for sizes in ((4, 7, 3), (5, 4, 6), (2, 9, 4))]
    cases += [case("CenterCropPad", "x s", axes=[-1, 0], constants={"s": ints(7, 2)})]
    check_cases(cases, {"x": data((3, 6, 4))}, oracle="reference")


@pytest.mark.parametrize("dtype", TYPES)
def test_types_and_reversals(dtype: str) -> None:
    constants = {"l": ints(3, 1)}
    cases = [case("CenterCropPad", "x s", constants={"s": ints(3, 2)})]
    cases += [case("ReverseSequence", "x l", batch_axis=0, time_axis=1, constants=constants)]
    cases += [case("ReverseSequence", "x k", batch_axis=1, time_axis=0)]
    inputs = {"x": data((2, 3), dtype), "k": ints(2, 1, 2)}
    check_cases(cases, inputs, oracle="reference", float16=dtype.startswith("float"))

"""Pad: modes, negative widths, axes, types."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import TYPES, Case, case, check_cases, data, ints, refused
from tests.exporter.tflite.harness import model_of


def padded(pads: list[int], mode: str = "constant", value: float | None = None, axes: list[int] | None = None) -> Case:
    constants = {"p": ints(*pads)}
    constants |= {} if value is None else {"v": np.array(value, np.float32)}
    constants |= {} if axes is None else {"a": ints(*axes)}
    order = f"x p {'-' if value is None else 'v'} {'' if axes is None else 'a'}"
    return case("Pad", order, constants=constants, mode=mode)


def test_constants_and_cuts() -> None:
    cases = [padded([0, 1, 2, 0, 2, 0]), padded([1, 1, 1, 1, 1, 1], value=-1.5), padded([0, -1, 0, 1, 0, -2])]
    cases += [padded([1, 2], axes=[-1]), padded([1, 2, 0, 1], axes=[2, 0]), padded([0] * 6)]
    check_cases(cases, {"x": data((2, 3, 4))})


@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_repetitions(mode: str) -> None:
    cases = [padded([0, 0, 1, 2, 0, 0, 2, 1], mode), padded([1, 2, 0, 0, 0, 1, 2, 0], mode)]
    cases += [padded([0, 0, 0, 3, 0, 0, 0, 3], mode), padded([0, 0, 1, -1, 0, 0, 0, 1], mode)]
    check_cases(cases, {"x": data((2, 3, 4, 4))})


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    x = data((2, 3), dtype)
    constants = {"p": ints(1, 0, 0, 2)}
    cases = [case("Pad", "x p", constants=constants), case("Pad", "x p", constants=constants, mode="edge")]
    cases += [case("Pad", "x p v", constants={**constants, "v": np.array(1).astype(dtype)})]
    check_cases(cases, {"x": x}, oracle="reference", float16=dtype.startswith("float"))


def test_attributes_of_opset_2() -> None:
    check_cases([case("Pad", pads=[0, 1, 1, 0], value=2.0)], {"x": data((2, 3))}, opset=10)


def test_values_and_widths_computed_at_run_time() -> None:
    inputs = {"x": data((2, 3)), "v": np.array(2.5, np.float32), "p": ints(1, 0, 0, 2), "q": ints(2, 1)}
    cases = [case("Pad", "x c v", constants={"c": ints(1, 0, 0, 2)}), case("Pad", "x p")]
    cases += [case("Pad", "x q c a", constants={"c": np.array(-1, np.float32), "a": ints(1)})]
    check_cases(cases, inputs, float16=False)


def test_refusals() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]> g (%s[2,3] x, int64[4] p) => (%s[N,M] y) { y = Pad %s (x, p) }"""
    refused(model_of(text % ("int32", "int32", "")), "pads is computed at run time")
    refused(model_of(text % ("float", "float", '<mode="edge">')), "pads is computed at run time")
    text = """<ir_version: 10, opset_import: ["": 23]> g (float[2] x) => (float[N] y) { y = Pad (x, p) }"""
    refused(model_of(text, p=ints(-2, -1)), "more than there is")

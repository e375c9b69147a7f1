"""Slice: bounds, steps and axes, constant and computed."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.coreml.ops.movement_support import TYPES, Case, case, check_cases, data, ints, refused
from tests.exporter.tflite.harness import model_of, node_model

BIG = 2**63 - 1


def sliced(starts: list[int], ends: list[int], axes: list[int] | None, steps: list[int] | None) -> Case:
    constants = {"s": ints(*starts), "e": ints(*ends)}
    constants |= {} if axes is None else {"a": ints(*axes)}
    constants |= {} if steps is None else {"t": ints(*steps)}
    return case("Slice", f"x s e {'-' if axes is None else 'a'} {'' if steps is None else 't'}", constants=constants)


CASES = [
    sliced([1, 0], [3, 2], None, None),
    sliced([1], [BIG], [1], None),
    sliced([-2], [-1], [-1], None),
    sliced([-100], [100], [0], [1]),
    sliced([0], [4], [1], [2]),
    sliced([1], [4], [1], [3]),
    sliced([-1], [-BIG], [1], [-1]),
    sliced([3], [0], [1], [-1]),
    sliced([BIG], [-BIG - 1], [2], [-2]),
    sliced([3, 0, -1], [-BIG, BIG, -BIG], [0, 1, 2], [-1, 2, -3]),
    sliced([9], [-9], [0], [-2]),
    sliced([0], [4], [0], [BIG]),
    sliced([0, 1, 1], [4, 3, 2], None, [1, 1, 1]),
]


@pytest.mark.parametrize("shape", [(4, 4, 4), (4, 5, 6)])
def test_constant_bounds(shape: tuple[int, ...]) -> None:
    check_cases(CASES, {"x": data(shape)}, float16=False)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    cases = [sliced([1], [3], [1], None), sliced([-1], [-BIG], [1], [-1])]
    check_cases(cases, {"x": data((3, 3), dtype)}, float16=dtype.startswith("float"))


def test_attributes_of_opset_9() -> None:
    cases = [case("Slice", starts=[1, -2], ends=[BIG, -1], axes=[2, 0]), case("Slice", starts=[1], ends=[9])]
    check_cases(cases, {"x": data((3, 4, 5))}, opset=9)


def test_bounds_computed_at_run_time() -> None:
    bounds = [(1, 3), (-3, -1), (-100, 100), (2, 2**30)]
    x = {"x": data((4, 4, 5))}
    x |= {f"s{i}": ints(start) for i, (start, _) in enumerate(bounds)}
    x |= {f"e{i}": ints(end) for i, (_, end) in enumerate(bounds)}
    cases = [
        case("Slice", f"x {first} a t", constants={"a": ints(axis), "t": ints(step)})
        for i in range(len(bounds))
        for axis in (0, -1)
        for first, step in ((f"s{i} e{i}", 1), (f"e{i} s{i}", -1))
    ]
    check_cases(cases, x, float16=False)


def test_a_start_computed_at_run_time_of_two_axes_with_steps() -> None:
    x = {"x": data((6, 4, 5)), "s": ints(-1, 0)}
    given = {"e": ints(-BIG, 5), "a": ints(0, 2), "t": ints(-2, 2)}
    check_cases([case("Slice", "x s e a t", constants=given)], x, float16=False)


def test_empty_parts_vanish_in_concat() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3] x) => (float[2,3] y) { p = Slice (x, s, e, a)  y = Concat <axis=1> (p, x) }"""
    check(model_of(text, s=ints(2), e=ints(1), a=ints(1)), {"x": data((2, 3))}, rtol=0, atol=0)


def test_refusals() -> None:
    x = {"x": data((2, 3))}
    refused(node_model("Slice", x, constants={"s": ints(1), "e": ints(1)}), "output y", "empty")
    late = {**x, "a": ints(0)}
    model = node_model("Slice", late, constants={"s": ints(1), "e": ints(2)}, order=["x", "s", "e", "a"])
    refused(model, "axes is computed at run time")
    zero = {"s": np.array([0], np.int64), "e": ints(2), "a": ints(0), "t": ints(0)}
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3] x) => (float[N,3] y) { y = Slice (x, s, e, a, t) }"""
    refused(model_of(text, **zero), "a step of 0")

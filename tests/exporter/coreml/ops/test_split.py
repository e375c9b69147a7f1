"""Split: even, given as an attribute, as a constant, at run time."""

import numpy as np
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data, ints, refused
from tests.exporter.tflite.harness import model_of


def test_even_and_uneven_parts() -> None:
    cases = [
        case("Split", outputs=2, axis=1, num_outputs=2),
        case("Split", outputs=3, axis=-3, num_outputs=3),
        case("Split", outputs=1, axis=0, num_outputs=1),
        case("Split", "x s", outputs=3, axis=1, constants={"s": ints(1, 2, 3)}),
    ]
    check_cases(cases, {"x": data((7, 6, 2))}, expect=["split"] * 3 + ["identity"])


@pytest.mark.parametrize("opset", [7, 13])
def test_older_opsets(opset: int) -> None:
    cases = [case("Split", outputs=2, axis=1)]
    cases += [case("Split", outputs=2, axis=0, split=[1, 2])] if opset == 7 else []
    check_cases(cases, {"x": data((3, 6))}, opset=opset)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    cases = [case("Split", outputs=2, axis=0, num_outputs=2)]
    check_cases(cases, {"x": data((4, 3), dtype)}, float16=dtype.startswith("float"))


def test_an_empty_part_is_left_out_where_it_is_read() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[2,3] x) => (float[2,3] y) { p, q = Split <axis=1> (x, s)  y = Concat <axis=1> (q, p) }"""
    check(model_of(text, s=ints(3, 0)), {"x": data((2, 3))})


def test_sizes_that_do_not_add_up_are_refused() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[6,2] x) => (float[1,2] a, float[2,2] b) { a, b = Split <axis=0> (x, s) }"""
    refused(model_of(text, s=np.array([1, 2])), "do not add up")


def test_sizes_computed_at_run_time() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[3,2] x, int64[2] s) => (float[%s,2] a, float[%s,2] b) { a, b = Split <axis=0> (x, s) }"""
    check(model_of(text % (1, 2)), {"x": data((3, 2)), "s": ints(1, 2)})
    refused(model_of(text % ("N", "M")), "computed at run time")

"""Transpose, also of more axes than Core ML has."""

import itertools

import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data, ints, refused
from tests.exporter.tflite.harness import model_of, node_model


def test_every_order_of_three_axes_and_none() -> None:
    cases = [case("Transpose", perm=list(perm)) for perm in itertools.permutations(range(3))] + [case("Transpose")]
    check_cases(cases, {"x": data((2, 2, 3))})


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    check_cases([case("Transpose")], {"x": data((4, 3), dtype)}, float16=dtype.startswith("float"))


WINDOWS = """<ir_version: 10, opset_import: ["": 23]>
g (float[%s] x) => (float[48] y) {
    p = Reshape (x, a)
    q = Transpose <perm = %s> (p)
    y = Reshape (q, c)
}"""


@pytest.mark.parametrize(
    ("shape", "six", "perm", "transposes"),
    [
        ("1,4,4,3", (1, 2, 2, 2, 2, 3), [0, 1, 3, 2, 4, 5], 1),
        ("2,4,2,3", (2, 2, 2, 1, 2, 3), [0, 4, 2, 3, 1, 5], 1),
        ("48", (2, 2, 2, 2, 1, 3), [5, 0, 4, 3, 2, 1], 1),
        ("96", (2, 2, 2, 2, 2, 3), [5, 3, 1, 4, 2, 0], 3),
        ("96", (-1, 2, 2, 2, 2, 3), [5, 4, 3, 2, 1, 0], 3),
    ],
)
def test_windows_of_six_axes(shape: str, six: tuple[int, ...], perm: list[int], transposes: int) -> None:
    text = (WINDOWS % (shape, perm)).replace("48] y", "N] y")
    sizes = [int(size) for size in shape.split(",")]
    check(model_of(text, a=ints(*six), c=ints(-1)), {"x": data(sizes)}, rtol=0, atol=0, float16=False)


def test_six_axes_are_refused_where_something_else_reads_them() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    g (float[64] x) => (float[64] y) { p = Reshape (x, a)  q = Neg (p)  y = Reshape (q, c) }"""
    refused(model_of(text, a=ints(2, 2, 2, 2, 2, 2), c=ints(64)), "Neg", "6 axes", "at most 5")
    refused(node_model("Reshape", {"x": data((64,))}, constants={"s": ints(2, 2, 2, 2, 2, 2)}), "output y", "6 axes")

"""Weights by their users, in programs of coremltools' builder."""

from typing import Any

import numpy as np
import pytest

from portproof.exporter.coreml.weights.roles import Role, role_of


def role(body: Any, shape: tuple[int, ...] = (4, 6)) -> Role | None:
    from coremltools.converters.mil import Builder as mb  # noqa: N813 - as the field calls it
    from coremltools.converters.mil.mil import Function, Program

    program = Program()
    with Function({"a": mb.placeholder((4, 6))}) as function:
        weights = mb.const(val=np.ones(shape, np.float32), name="w")
        function.set_outputs([body(mb, function.inputs["a"], weights)])
    program.add_function("main", function)
    return role_of(weights)


@pytest.mark.parametrize(
    ("place", "transposed", "shape", "want"),
    [
        ("y", False, (6, 3), Role(out=1, into=0)),
        ("y", True, (3, 6), Role(out=0, into=1)),
        ("x", False, (3, 4), Role(out=0, into=1)),
        ("x", True, (4, 3), Role(out=1, into=0)),
    ],
)
def test_a_matrix_product(place: str, transposed: bool, shape: tuple[int, ...], want: Role) -> None:
    def body(mb: Any, a: Any, w: Any) -> Any:
        if place == "y":
            return mb.matmul(x=a, y=w, transpose_y=transposed)
        return mb.matmul(x=w, y=a, transpose_x=transposed)

    assert role(body, shape) == want


def test_rows_of_a_linear_layer_and_of_an_embedding() -> None:
    assert role(lambda mb, a, w: mb.linear(x=a, weight=w)) == Role(out=0, into=1)
    indices = lambda mb, a: mb.cast(x=mb.reduce_sum(x=a, axes=[1]), dtype="int32")  # noqa: E731
    assert role(lambda mb, a, w: mb.gather(x=w, indices=indices(mb, a), axis=0)) == Role(out=0, into=1)


def test_what_is_no_weight_or_used_in_two_ways() -> None:
    assert role(lambda mb, a, w: mb.add(x=a, y=w)) is None
    assert role(lambda mb, a, w: mb.linear(x=a, weight=np.ones((6, 6), np.float32), bias=w), (6,)) is None
    twice = lambda mb, a, w: mb.add(x=mb.linear(x=a, weight=w), y=mb.matmul(x=a, y=w))  # noqa: E731
    assert role(twice, (6, 6)) is None

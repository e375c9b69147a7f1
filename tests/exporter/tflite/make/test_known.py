import numpy as np
import onnx_ir as ir
import pytest

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.known import calc, choose, clip, take
from portproof.exporter.tflite.values import array_of, constant

X = np.array([-1.5, 0.5, 2.5], np.float32)


def run_time() -> ir.Value:
    return ir.Value(name="x", shape=ir.Shape((3,)), type=ir.TensorType(ir.DataType.FLOAT))


@pytest.mark.parametrize(
    ("op", "want"), [("ADD", [0.5, 2.5, 4.5]), ("MAXIMUM", [2, 2, 2.5]), ("FLOOR_MOD", [0.5, 0.5, 0.5])]
)
def test_constants_are_computed_at_once(op: str, want: list[float]) -> None:
    b = Builder(23)
    assert np.array_equal(array_of(calc(b, op, constant(X), 2)), np.array(want, np.float32))
    assert b.nodes == []


def test_one_operand_and_halves_to_even() -> None:
    assert array_of(calc(Builder(23), "ROUND", constant(X))).tolist() == [-2, 0, 2]


def test_several_operands_are_taken_from_the_left() -> None:
    b = Builder(23)
    assert array_of(calc(b, "DIV", constant(X), 2, 5)).dtype == np.float32
    calc(b, "ADD", constant(X), 1, run_time())
    assert [node.op_type for node in b.nodes] == ["ADD"]
    assert np.array_equal(array_of(b.nodes[0].inputs[0]), X + 1)


def test_what_is_computed_at_run_time_is_an_operator() -> None:
    b = Builder(23)
    clip(b, run_time(), 0, 6)
    calc(b, "FLOOR", run_time())
    take(b, run_time(), np.array([2]), 0)
    choose(b, calc(b, "LESS", run_time(), 0), 1.0, run_time())
    names = [node.op_type for node in b.nodes]
    assert names == ["MAXIMUM", "MINIMUM", "FLOOR", "GATHER", "LESS", "SELECT_V2"]


def test_choices_and_entries_of_constants() -> None:
    b = Builder(23)
    assert array_of(choose(b, constant(X > 0), constant(X), 7.0)).tolist() == [7, 0.5, 2.5]
    assert array_of(take(b, constant(X), np.array([2, 0]), 0)).tolist() == [2.5, -1.5]
    assert array_of(calc(b, "LESS", constant(X), 0)).dtype == bool
    assert b.nodes == []

"""Limits of LiteRT's GPU delegate, of Edge TPU, of shapes and patterns."""

import pytest
from tests.device_profiles.op_rules.make import IMAGE, constant, op, tensor, why

from portproof.device_profiles.op_rules.facts import OpFacts


def test_gpu_broadcasts_other_ranks_from_the_last_axis_on() -> None:
    assert why("gpu_broadcast", op("ADD", [tensor(1, 4, 4, 8), tensor(4, 8)])) == ""
    assert why("gpu_broadcast", op("ADD", [tensor(1, 4, 4, 8), tensor(8)])) == ""
    assert "does not broadcast" in why("gpu_broadcast", op("ADD", [tensor(1, 4, 4, 8), tensor(5, 8)]))


@pytest.mark.parametrize(
    ("source", "target", "taken"),
    [("float32", "int32", True), ("bool", "float32", True), ("int64", "float32", False), ("bool", "int32", False)],
)
def test_gpu_casts(source: str, target: str, taken: bool) -> None:
    facts = op("CAST", [tensor(1, dtype=source)], [tensor(1, dtype=target)])
    assert (why("gpu_cast", facts) == "") == taken


def test_gpu_fully_connected() -> None:
    facts = op("FULLY_CONNECTED", [tensor(1, 3, 8)], [tensor(3, 8)], keep_num_dims=1)
    assert "keeps its axes" in why("gpu_fully_connected", facts)
    three = [tensor(1, 8), tensor(8, 8), tensor(8)]
    assert "it takes two" in why("gpu_fully_connected", op("FULLY_CONNECTED", three, [tensor(1, 8)]))
    assert why("gpu_fully_connected", op("FULLY_CONNECTED", three[:2], [tensor(1, 8)])) == ""


def test_gpu_select() -> None:
    whole = [tensor(*IMAGE, dtype="bool"), tensor(*IMAGE), tensor(1)]
    assert why("gpu_select", op("SELECT_V2", whole)) == ""
    assert "input 1" in why("gpu_select", op("SELECT_V2", [whole[0], tensor(1, 1, 1, 8), tensor(1)]))


def test_ranks_of_an_input() -> None:
    assert why("input_rank", op(), index=0, ranks=[3, 4]) == ""
    assert "4 axes, it takes 1" in why("input_rank", op(), index=0, ranks=[1])


def test_edge_tpu() -> None:
    assert why("inner_axes", op(), most=3) == ""
    assert "more than 3 axes" in why("inner_axes", op(inputs=[tensor(2, 4, 4, 8)]), most=3)
    assert "equal ones" in why("equal_dilations", op(dilation_h_factor=2, dilation_w_factor=1))
    assert "197 rows" in why("one_row", op(outputs=[tensor(1, 197, 8)]))
    assert "16001 elements" in why("one_row", op(outputs=[tensor(1, 16001)]), most=16000)
    assert why("one_row", op(outputs=[tensor(1, 1000)]), most=16000) == ""
    assert "batch" in why("leaves_batch", op("MEAN", [tensor(*IMAGE), constant(0, 1)]), index=1)
    assert why("leaves_batch", op("MEAN", [tensor(*IMAGE), constant(1, 2)]), index=1) == ""
    steps = [tensor(1, 4), constant(0, 0), constant(1, 4), constant(1, 2)]
    assert "n-th" in why("steps_of_one", op("STRIDED_SLICE", steps))


def test_shapes() -> None:
    assert why("static", op()) == ""
    assert "known only when running" in why("static", op(inputs=[tensor(None, 4)]))
    two = [tensor(1), tensor(1)]
    assert why("inputs_between", op("CONCATENATION", two), least=2, most=4) == ""
    assert "it joins 6" in why("inputs_between", op("CONCATENATION", two * 3), least=2, most=4)
    assert "it makes 6" in why("outputs_between", op("SPLIT", outputs=two * 3), least=2, most=4)
    assert why("outputs_between", op("SPLIT", outputs=two), least=2, most=4) == ""


def test_parts_of_patterns() -> None:
    erf = OpFacts(dialect="onnx", op="Erf", pattern="Gelu")
    assert why("part_of", erf, pattern="Gelu") == ""
    assert "part of Gelu" in why("part_of", OpFacts(dialect="onnx", op="Erf"), pattern="Gelu")

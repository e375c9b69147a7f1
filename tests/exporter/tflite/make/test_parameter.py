import numpy as np
import onnx_ir as ir
import pytest

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.make.parameter import constant_ints, declared_shape, has_output
from portproof.exporter.tflite.values import constant


def builder(*names: str) -> Builder:
    b = Builder(23)
    outputs = [ir.Value(name=name, shape=ir.Shape([2, 3])) for name in names]
    b.source = ir.Node("", "Split", [], outputs=outputs)
    return b


def test_what_the_node_declares() -> None:
    b = builder("a", "")
    assert declared_shape(b) == (2, 3)
    assert [has_output(b, index) for index in (0, 1, 2)] == [True, False, False]
    assert not has_output(Builder(23), 0)


def test_constants_are_read_whatever_their_rank() -> None:
    assert constant_ints(constant(np.array(3)), "k") == [3]
    assert constant_ints(constant(np.array([[1, -2]])), "axes") == [1, -2]


def test_a_parameter_of_run_time_is_refused_by_name() -> None:
    with pytest.raises(Refusal, match="starts is computed at run time") as caught:
        constant_ints(ir.Value(name="x"), "starts")
    assert "constant" in caught.value.hint

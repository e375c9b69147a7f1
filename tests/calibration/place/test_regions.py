import math

import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net, with_weights

from portproof.calibration.place import regions
from portproof.calibration.prepare import prepare


def found(body: str, weights: dict[str, tuple[int, ...]], inputs: str = "float[2,4] x") -> list[regions.Region]:
    text = f'<ir_version: 10, opset_import: ["" : 18]>\nnet ({inputs}) => (float[2,4] y) {body}'
    arrays = {name: np.ones(shape) for name, shape in weights.items()}
    return list(regions.find(with_weights(ir.from_onnx_text(text), arrays)))


def test_each_node_is_in_one_region_and_activations_belong_to_what_they_follow() -> None:
    model = prepare(conv_net())
    parts = regions.find(model)
    names = [[node.op_type for node in (part.head, *part.rest)] for part in parts]
    assert names == [["Conv", "Relu"], ["Conv", "Clip"], ["Add"], ["ReduceMean"], ["Gemm"]]
    first, second, _, _, last = (part.layer for part in parts)
    assert first is not None
    assert second is not None
    assert last is not None
    assert (first.input, first.output, first.result, first.weight, first.bias) == ("x", "a", "r", "w1", "b1")
    assert (first.axis, first.output_axis, first.clip) == (0, 1, (0.0, math.inf))
    assert (second.group, second.clip) == (4, (0.0, 6.0))
    assert (last.axis, last.output_axis, last.clip) == (0, -1, None)


def test_the_bias_behind_a_product_is_part_of_it() -> None:
    (region,) = found("{ p = MatMul(x, w) s = Add(b, p) y = Relu(s) }", {"w": (4, 4), "b": (4,)})
    assert region.layer is not None
    assert [node.op_type for node in region.rest] == ["Add", "Relu"]
    assert (region.layer.output, region.layer.result, region.layer.bias, region.layer.axis) == ("s", "y", "b", 1)


@pytest.mark.parametrize(
    ("body", "weights", "inputs", "reason"),
    [
        ("{ p = MatMul(x, w) y = Add(p, b) }", {"w": (4, 4), "b": (2, 1)}, "float[2,4] x", "a column is no bias"),
        ("{ p = MatMul(x, w) y = Add(p, p) }", {"w": (4, 4)}, "float[2,4] x", "not a constant"),
        ("{ p = MatMul(x, w) r = Relu(p) y = Add(r, p) }", {"w": (4, 4)}, "float[2,4] x", "read twice"),
    ],
)
def test_what_does_not_fuse(body: str, weights: dict[str, tuple[int, ...]], inputs: str, reason: str) -> None:
    first = found(body, weights, inputs)[0]
    assert first.rest == (), reason
    assert first.layer is not None


@pytest.mark.parametrize(
    ("body", "weights", "inputs"),
    [
        ("{ y = MatMul(x, z) }", {}, "float[2,4] x, float[4,4] z"),
        ("{ y = Gemm<alpha = 2.0>(x, w) }", {"w": (4, 4)}, "float[2,4] x"),
        ("{ y = Gemm<transA = 1>(x, w) }", {"w": (4, 4)}, "float[4,2] x"),
        ("{ y = MatMul(x, w) }", {"w": (2, 4, 4)}, "float[2,2,4] x"),
        ("{ y = Gemm(x, w, z) }", {"w": (4, 4)}, "float[2,4] x, float[4] z"),
    ],
)
def test_what_is_no_layer(body: str, weights: dict[str, tuple[int, ...]], inputs: str) -> None:
    assert found(body, weights, inputs)[0].layer is None

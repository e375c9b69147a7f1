import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.exporter.passes.graph import shape_of
from portproof.exporter.passes.shapes import InferShapes
from portproof.exporter.passes.windows import InferWindows

CONSTANTS = {"one": np.array(1), "two": np.array([2]), "zero": np.array([0]), "last": np.array([-1]), "both": [0, 1]}


def sliced(lines: str, call: str) -> tuple[int, ...] | None:
    text = f'<ir_version: 10, opset_import: ["" : 23]>g (float[8,4] x, int64[1] s, int64 i, int64[2] p) => (float[N,M] y) {{ {lines}\n y = Slice(x, {call}) }}'  # noqa: E501
    proto = onnx.parser.parse_model(text)
    for name, array in CONSTANTS.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(array), name))
    model = ir.from_proto(proto)
    InferShapes()(model)
    modified = InferWindows()(model).modified
    assert not InferWindows()(model).modified
    (*_, node) = model.graph
    shape = shape_of(node.outputs[0])
    assert modified == (shape is not None)
    return shape


@pytest.mark.parametrize(
    ("lines", "call", "shape"),
    [
        ("e = Add(s, two)", "s, e, zero", (2, 4)),
        ("e = Add(s, two)", "s, e", (2, 4)),
        ("e = Add(two, s)", "s, e, last", (8, 2)),
        ("e = Add(s, two)", "s, e, last, two", None),
        ("b = Sub(s, two)\n e = Add(s, two)", "b, e, zero", (4, 4)),
        ("b = Unsqueeze(i, zero)\n j = Add(i, one)\n e = Unsqueeze(j, zero)", "b, e, zero", (1, 4)),
        (
            "b = Unsqueeze(i, zero)\n j = Cast<to=6>(i)\n k = Cast<to=7>(j)\n l = Reshape(k, last)\n e = Add(l, two)",
            "b, e",
            (2, 4),
        ),
        ("e = Mul(s, two)", "s, e, zero", None),
        ("e = Sub(s, two)", "s, e, zero", None),
        ("j = Add(s, two)\n k = Add(j, two)\n l = Add(k, two)\n e = Add(l, two)", "s, e, last", None),  # beyond
        ("e = Add(p, one)", "p, e, both", None),
    ],
)
def test_windows(lines: str, call: str, shape: tuple[int, ...] | None) -> None:
    assert sliced(lines, call) == shape

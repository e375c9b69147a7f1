"""What stays float is named, with the reason."""

import ml_dtypes
import numpy as np
import onnx_ir as ir
import pytest
from onnx import helper, numpy_helper
from tests.exporter.tflite.harness import inferred, model_of
from tests.exporter.tflite.integer.qdq import HEAD, quantized, reference, run, sample, with_weights

from portproof.exporter.tflite.conversion import convert_model

T = "float[1,4,6,5]"
X = {"x": sample((1, 4, 6, 5))}


@pytest.mark.parametrize(
    ("form", "op", "why"),
    [
        ("HardSwish(x)", "HARD_SWISH", "XNNPACK computes it in float32 only"),
        ("Softmax<axis=-1>(x)", "SOFTMAX", "XNNPACK computes it in float32 only"),
        ("Neg(x)", "NEG", "TFLite has no integer kernel for it"),
        ("Sigmoid(x)", "LOGISTIC", "its kernel gives steps of 0.00391, the model wants"),
    ],
)
def test_an_operator_without_a_kernel(form: str, op: str, why: str) -> None:
    converted = convert_model(quantized(f"({T} x) => ({T} y) {{ y = {form} }}", X).model)
    (island,) = converted.islands
    assert (island.op, converted.integer_kernels) == (op, {})
    assert island.why.startswith(why)


def test_an_operator_whose_result_has_no_pair() -> None:
    model = quantized(f"({T} x) => ({T} y) {{ t = Mul(x, x) y = Neg(t) }}", X, skip=["t"])
    assert [(island.op, island.why) for island in convert_model(model.model).islands] == [
        ("MUL", "the model does not quantize its result, or in several ways"),
        ("NEG", "TFLite has no integer kernel for it"),
    ]


def test_weights_that_no_kernel_takes() -> None:
    shape = (1, 4, 6, 5)
    plain = {"w": sample((8, 4, 3, 3), 1), "b": sample((8,), 2)}
    text = f"({T} x) => (float[1,8,4,3] y) {{ y = Conv(x, w, b) }}"
    (island,) = convert_model(quantized(text, {"x": sample(shape)}, constants=plain, skip=["w", "b"]).model).islands
    assert (island.op, island.why) == ("CONV_2D", "its weights are not quantized")
    inner = quantized(text, {"x": sample(shape)}, weights={"w": (plain["w"], 1)}, constants={"b": plain["b"]})
    (island,) = convert_model(inner.model).islands
    assert island.why == "its weights have scales along another axis than the output channels"


def test_what_was_asked_for_and_not_given_is_a_message() -> None:
    model = quantized(f"({T} x) => ({T} y) {{ s = HardSwish(x) t = HardSwish(s) y = Neg(t) }}", X, skip=["y"])
    (message,) = convert_model(model.model).messages
    assert (message.code, message.what) == (
        "W-CALIB-FLOAT",
        "2 operators that the model quantizes compute in float32 in TFLite",
    )
    assert message.why.startswith("2 x HARD_SWISH: XNNPACK computes it in float32 only")


def test_weights_in_blocks_are_said_to_be_widened() -> None:
    text = (
        HEAD
        + "(float[2,64] x) => (float[2,32] y) { w = DequantizeLinear<axis=0, block_size=16>(q, s) y = MatMul(x, w) }"
    )
    numbers = np.arange(64 * 32).reshape(64, 32) % 15 - 7
    model = model_of(text, q=numbers.astype(ml_dtypes.int4), s=np.abs(sample((4, 32))) + 0.1)
    converted = convert_model(model)
    (message,) = converted.messages
    assert message.what == "1 quantized constants are stored as float32 in TFLite"
    assert "q" in message.why
    inputs = {"x": sample((2, 64))}
    np.testing.assert_allclose(run(converted, inputs)["y"], reference(model, inputs)["y"], rtol=1e-5, atol=1e-4)


def test_branches_count() -> None:
    model = _with_a_branch()
    converted = convert_model(model)
    assert converted.integer_kernels["CONV_2D"] == 1
    for condition in (True, False):
        inputs = {"x": X["x"], "c": np.array(condition)}
        got, want = run(converted, inputs)["out"], reference(model, inputs)["out"]
        np.testing.assert_allclose(got, want, atol=1e-6)


def _with_a_branch() -> ir.Model:
    """A quantized convolution, or zeros."""
    net = quantized(f"({T} x) => ({T} y) {{ y = Conv(x, w) }}", X, weights={"w": (sample((4, 4, 1, 1), 1), 0)})
    graph = ir.to_proto(net.model).graph
    end = helper.make_tensor_value_info("y", 1, X["x"].shape)
    then = helper.make_graph(graph.node, "then", [], [end], graph.initializer)
    zeros = numpy_helper.from_array(np.zeros(X["x"].shape, np.float32), "zeros")
    other = helper.make_graph([helper.make_node("Mul", ["x", "zeros"], ["y"])], "else", [], [end], [zeros])
    node = helper.make_node("If", ["c"], ["out"], then_branch=then, else_branch=other)
    inputs = [graph.input[0], helper.make_tensor_value_info("c", 9, [])]
    outputs = [helper.make_tensor_value_info("out", 1, X["x"].shape)]
    opsets = [helper.make_opsetid("", 21)]
    made = helper.make_graph([node], "g", inputs, outputs)
    return inferred(helper.make_model(made, opset_imports=opsets, ir_version=10))


def test_a_float_model_has_none() -> None:
    model = with_weights("(float[2,64] x) => (float[2,64] y) { y = MatMul(x, w) }", {"w": (sample((64, 64)), 1)})
    converted = convert_model(model)
    assert (converted.islands, converted.integer_kernels) == ((), {})


def test_the_torch_line_is_told() -> None:
    model = quantized(f"({T} x) => ({T} y) {{ y = Neg(x) }}", X).model
    node = next(node for node in model.graph if node.op_type == "Neg")
    node.name = "/head/neg"
    node.metadata_props["pkg.torch.onnx.stack_trace"] = 'File "net.py", line 7, in forward\n    return -x'
    (island,) = convert_model(model).islands
    assert "net.py:7" in island.where

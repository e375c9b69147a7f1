"""What stays float is named, with the reason."""

import pytest
from tests.exporter.tflite.integer.qdq import quantized, sample, with_weights

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

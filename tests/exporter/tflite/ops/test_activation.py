import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import onnx_outputs
from tests.exporter.tflite.ops.numeric_support import SIGNED, SPECIAL, few, nodes, sample, sizes, told, verify

DIRECT = {"Relu": "RELU", "Sigmoid": "LOGISTIC", "Tanh": "TANH", "HardSwish": "HARD_SWISH", "Gelu": "GELU"}


@pytest.mark.parametrize("op", DIRECT)
def test_one_kernel(op: str) -> None:
    verify(op, sample((1, 3, 3, 3)), expect=[DIRECT[op]], atol=2e-6)


@pytest.mark.parametrize("op", [*DIRECT, "Softsign", "HardSigmoid", "LeakyRelu"])
def test_half_floats(op: str) -> None:
    verify(op, sample((2, 5), "float16"), oracle="reference", rtol=2e-3, atol=1e-3)


@pytest.mark.parametrize("op", ["Relu", "LeakyRelu", "Tanh"])
def test_special_numbers(op: str) -> None:
    verify(op, SPECIAL, oracle="reference")


@pytest.mark.parametrize("dtype", SIGNED)
def test_relu_of_integers(dtype: str) -> None:
    x = sample((3, 4), dtype)
    verify("Relu", x, want=np.maximum(x, np.zeros((), dtype)), opset=14)


@pytest.mark.parametrize("alpha", [0.01, 0.0, 1.0, 1.5, -0.5])
def test_leaky_relu(alpha: float) -> None:
    verify("LeakyRelu", sample((4, 4)), alpha=alpha, expect=["LEAKY_RELU"])


@pytest.mark.parametrize(("alpha", "beta"), [(None, None), (1 / 6, 0.5), (0.5, -0.25), (-0.3, 1.0), (2.0, 0.0)])
def test_hard_sigmoid(alpha: float | None, beta: float | None) -> None:
    verify("HardSigmoid", sample((2, 3, 4)), alpha=alpha, beta=beta)
    verify("HardSigmoid", sample((2, 3, 4)), alpha=alpha, beta=beta, opset=6)


def test_usual_hard_sigmoid_is_a_fused_clamp() -> None:
    verify("HardSigmoid", sample((2, 8)), alpha=1 / 6, beta=0.5, expect=["ADD", "MUL"])


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu(approximate: str) -> None:
    verify("Gelu", np.linspace(-9, 9, 301, dtype=np.float32), approximate=approximate, atol=1e-6)


@pytest.mark.parametrize("alpha", [None, 1.0, 1.702])
def test_swish(alpha: float | None) -> None:
    x = sample((3, 5))
    want = x / (1 + np.exp(-(alpha or 1) * x))
    verify("Swish", x, alpha=alpha, opset=24, want=want)


@pytest.mark.parametrize("op", ["Relu", "Sigmoid", "Gelu"])
def test_double_precision_is_told(op: str) -> None:
    told(nodes(op, sample((2,), "float64")), op, "float64")


@few
@given(st.lists(sizes, max_size=6), st.sampled_from([*DIRECT, "Softsign", "LeakyRelu"]))
def test_any_shape(shape: list[int], op: str) -> None:
    verify(op, sample(shape), atol=2e-6)


@pytest.mark.parametrize(("op", "approximate"), [("Gelu", "none"), ("FastGelu", "tanh")])
def test_gelu_of_onnxruntime(op: str, approximate: str) -> None:
    x, bias = sample((3, 5)), sample((5,), seed=1)
    domain = {"domain": "com.microsoft", "opset": 1}
    plain = onnx_outputs(*nodes("Gelu", x, approximate=approximate))["y"]
    verify(op, x, want=plain, expect=["GELU"], **domain)
    if op == "FastGelu":
        biased = onnx_outputs(*nodes("Gelu", x + bias, approximate=approximate))["y"]
        verify(op, x, bias, constant=[1], want=biased, **domain)

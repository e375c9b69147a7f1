"""Where a file is to run decides what stays float; 16-bit activations, which XNNPACK takes nowhere."""

import numpy as np
import pytest
from tests.exporter.tflite.integer.qdq import check, quantized, reference, run, sample, steps_apart

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import units
from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.integer.kernels import WITHOUT_XNNPACK

T = "float[1,4,6,5]"
X = {"x": sample((1, 4, 6, 5))}
WEIGHTS = {"w": (sample((4, 4, 3, 3), 1), 0)}
BIASES = {"b": (sample((4,), 2), "x", "w")}


@pytest.mark.parametrize(
    ("form", "op", "fixed"),
    [
        ("HardSwish(x)", "HARD_SWISH", None),
        ("Gelu(x)", "GELU", None),
        ("Abs(x)", "ABS", None),
        ("Div(x, z)", "DIV", None),
        ("Exp(x)", "EXP", None),
        ("PRelu(x, a)", "PRELU", None),
        ("Softmax<axis=-1>(x)", "SOFTMAX", (1 / 256, -128)),
        ("AveragePool<kernel_shape=[1,1]>(x)", "AVERAGE_POOL_2D", None),
    ],
)
def test_other_units_get_every_integer_kernel(form: str, op: str, fixed: tuple[float, int] | None) -> None:
    weights = {"a": (sample((4, 1, 1), 3), None)} if "a)" in form else {}
    weights |= {"z": (np.abs(sample((1, 4, 6, 5), 4)) + 0.5, None)} if "z)" in form else {}
    same = [["x", "y"]] if "Pool" in form else []
    scales = {"y": fixed} if fixed else {}
    model = quantized(f"({T} x) => ({T} y) {{ y = {form} }}", X, weights=weights, same=same, fixed=scales)
    converted = convert_model(model.model, unit="litert-reference")
    assert (converted.integer_kernels, converted.islands) == ({op: 1}, ())
    apart = steps_apart(model, run(converted, X, builtin=True), reference(model.model, X))
    assert apart["y"].max() <= 1.01


def test_units_of_other_formats_leave_tflite_to_xnnpack() -> None:
    model = quantized(f"({T} x) => ({T} y) {{ y = HardSwish(x) }}", X)
    assert convert_model(model.model, unit="coreml").op_counts["HARD_SWISH"] == 1
    assert convert_model(model.model, unit="coreml").integer_kernels == {}
    assert set(units()) > WITHOUT_XNNPACK


def test_a_unit_that_nobody_knows() -> None:
    model = quantized(f"({T} x) => ({T} y) {{ y = Relu(x) }}", X)
    with pytest.raises(PortproofError) as caught:
        convert_model(model.model, unit="litert-xnpack")
    assert caught.value.code == "E-DEVICE-UNKNOWN"


INT16 = {
    "Conv<pads=[1,1,1,1]>(x, w, b)": "CONV_2D",
    "Relu(x)": "RELU",
    "Add(x, x)": "ADD",
    "Mul(x, x)": "MUL",
    "LeakyRelu<alpha=0.2>(x)": "LEAKY_RELU",
    "Sigmoid(x)": "LOGISTIC",
    "Tanh(x)": "TANH",
    "Softmax<axis=-1>(x)": "SOFTMAX",
}


@pytest.mark.parametrize("form", INT16)
def test_activations_of_16_bits(form: str) -> None:
    fixed = {"y": (1 / 32768, 0)} if INT16[form] in ("LOGISTIC", "TANH", "SOFTMAX") else {}
    linear = "Conv" in form
    model = quantized(
        f"({T} x) => ({T} y) {{ y = {form} }}",
        X,
        weights=WEIGHTS if linear else {},
        biases=BIASES if linear else {},
        fixed=fixed,
        dtype="int16",
    )
    converted = convert_model(model.model)
    assert converted.integer_kernels.pop(INT16[form]) == 1
    assert set(converted.integer_kernels) <= {"TRANSPOSE"}
    apart = steps_apart(model, run(converted, X), reference(model.model, X))["y"]
    assert (apart <= (2.01 if fixed else 1.01)).mean() > 0.999  # these go by tables


def test_products_and_moves_of_16_bits() -> None:
    text = """(float[2,3,8] x, float[2,8,4] z) => (float[2,12] y) {
        p = MatMul(x, z) s = Transpose<perm=[0,2,1]>(p) y = Reshape(s, shape) }"""
    inputs = {"x": sample((2, 3, 8)), "z": sample((2, 8, 4), 1)}
    shape = {"shape": np.array([2, 12])}
    model = quantized(text, inputs, constants=shape, same=[["p", "s", "y"]], dtype="int16")
    converted = convert_model(model.model)
    assert converted.integer_kernels == {"BATCH_MATMUL": 1, "RESHAPE": 1, "TRANSPOSE": 1}
    assert (steps_apart(model, run(converted, inputs), reference(model.model, inputs))["y"] <= 1.01).mean() > 0.99


@pytest.mark.parametrize(
    ("wide", "convolutions", "sum_type"),
    [((), "int8", "int8"), (("t",), "int16", "int16"), (("u",), "int16 int8", "int16"), (("x",), "int16 int8", "int8")],
)
def test_some_tensors_of_16_bits(wide: tuple[str, ...], convolutions: str, sum_type: str) -> None:
    text = f"""({T} x) => ({T} y) {{
        t = Conv<pads=[1,1,1,1]>(x, w, b) u = Conv<pads=[1,1,1,1]>(t, v, c) y = Add(u, t) }}"""
    model = quantized(
        text,
        X,
        weights={**WEIGHTS, "v": (sample((4, 4, 3, 3), 3), 0)},
        biases={**BIASES, "c": (sample((4,), 4), "t", "v")},
        wide=wide,
    )
    converted = check(model, {"CONV_2D": convolutions, "ADD": sum_type})
    assert converted.islands == ()


def test_what_has_no_kernel_of_16_bits_is_said() -> None:
    model = quantized(f"({T} x) => ({T} y) {{ t = Neg(x) y = Neg(t) }}", X, dtype="int16")
    assert [island.why for island in convert_model(model.model).islands] == 2 * ["TFLite has no integer kernel for it"]

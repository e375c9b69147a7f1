import numpy as np
import pytest
from tests.exporter.tflite.ops.control_support import agrees, floats, model, refused

BODY = """b (float[3] s, float[3] p, float[3,2] q) => (float[3] t, float[3] o, float[3,2] r) { u = Add(s, p)
    a = Slice(q, zero, one, one)
    v = Squeeze(a, one)
    t = Add(u, v)
    o = Mul(t, w)
    r = Neg(q) }"""
AXES = {"zero": np.array([0]), "one": np.array([1]), "w": floats(3, seed=5)}


@pytest.mark.parametrize("steps", [1, 3, 12])
@pytest.mark.parametrize("backwards", [False, True])
def test_axes_and_directions(steps: int, backwards: bool) -> None:
    """Inputs along different axes, one backwards; outputs on an axis of their own, one written backwards."""
    ends = "scan_input_directions=[0, 1], scan_output_directions=[1, 0]" if backwards else ""
    text = f"""g (float[3] x, float[{steps},3] p, float[3,2,{steps}] q) => (float[3] y, float[3,{steps}] z, float[3,2,{steps}] k)
        {{ y, z, k = Scan<num_scan_inputs=2, scan_input_axes=[0, -1], scan_output_axes=[1, -1]{", " + ends if ends else ""},
            body = {BODY}>(x, p, q) }}"""  # noqa: E501
    inputs = {"x": floats(3), "p": floats(steps, 3, seed=1), "q": floats(3, 2, steps, seed=2)}
    counts = agrees(model(text, **AXES), inputs, rtol=1e-4)
    assert ("WHILE" in counts) == (steps == 12)


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint8"])
def test_types(dtype: str) -> None:
    text = f"""g ({dtype}[40,2] p) => ({dtype}[40,2] z) {{ z = Scan<num_scan_inputs=1,
        body = b ({dtype}[2] e) => ({dtype}[2] o) {{ o = Identity(e) }}>(p) }}"""
    agrees(model(text), {"p": (floats(40, 2) * 9).astype(dtype)})


def test_equal_sizes_are_told_apart() -> None:
    text = """g (float[4,4,4] p) => (float[4,4,4] z) {
        z = Scan<num_scan_inputs=1, scan_input_axes=[1], scan_output_axes=[2],
        body = b (float[4,4] e) => (float[4,4] o) { o = Transpose<perm=[1,0]>(e) }>(p) }"""
    agrees(model(text), {"p": floats(4, 4, 4)})


def test_a_weight_and_a_value_from_around() -> None:
    text = """g (float[30,1,8] p, float[1,8] k) => (float[1,8] y, float[30,1,8] z) { y, z = Scan<num_scan_inputs=1,
        body = b (float[1,8] s, float[1,8] e) => (float[1,8] t, float[1,8] o) { m = MatMul(s, w)
            u = Add(m, e)
            v = Add(u, k)
            t = Tanh(v)
            o = Identity(t) }>(k, p) }"""
    inputs = {"p": floats(30, 1, 8), "k": floats(1, 8, seed=1)}
    assert agrees(model(text, w=floats(8, 8) / 4), inputs, rtol=1e-4)["WHILE"] == 1


@pytest.mark.parametrize("batch", [1, 2])
def test_the_first_version_has_a_batch(batch: int) -> None:
    text = f"""g (float[{batch},2] x, float[{batch},3,2] p) => (float[{batch},2] y, float[{batch},3,2] z) {{
        y, z = Scan<num_scan_inputs=1, body = b (float[2] s, float[2] e) => (float[2] t, float[2] o) {{ t = Add(s, e)
            o = Identity(t) }}>(, x, p) }}"""
    x, p = floats(batch, 2), floats(batch, 3, 2, seed=1)
    built = model(text, opset=8)
    from tests.exporter.tflite.harness import tflite_outputs

    from portproof.exporter.tflite.conversion import convert_model

    got = tflite_outputs(convert_model(built, io_layout="keep").data, {"x": x, "p": p})
    sums = x[:, None] + np.cumsum(p, 1)
    np.testing.assert_allclose(got["z"], sums, rtol=1e-5)
    np.testing.assert_allclose(got["y"], sums[:, -1], rtol=1e-5)


def test_lengths_that_differ_are_refused() -> None:
    text = """g (float[2,2] x, float[2,3,2] p, int64[2] n) => (float[2,2] y) {
        y = Scan<num_scan_inputs=1, body = b (float[2] s, float[2] e) => (float[2] t) { t = Add(s, e) }>(n, x, p) }"""
    assert refused(model(text, opset=8)) == ["Scan cannot be written in TFLite: its sequences are of different lengths"]

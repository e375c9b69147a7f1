"""What the blocks of transformers become, however exporters spell them: one transpose in, one out, all for XNNPACK."""

import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
ROOT = np.array(4**-0.25, np.float32)


def weights(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: RNG.standard_normal(shape).astype(np.float32) / 3 for name, shape in shapes.items()}


def run(text: str, *, io_layout: str = "keep", shape: tuple[int, ...] = (1, 8, 8), **constants: np.ndarray):
    """Operators by name; the numbers are checked in both layouts, large ones too."""
    model = model_of(f'<ir_version: 9, opset_import: ["" : 18]> g {text}', **constants)
    for scale in (1, 30):
        x = scale * RNG.standard_normal(shape).astype(np.float32)
        check(model, {"x": x}, rtol=1e-4, atol=2e-5 * scale)
    return convert_model(model, io_layout=io_layout).op_counts


ATTENTION = """(float[1,8,8] x) => (float[1,8,8] y)
    <int64[5] parts = {1,8,3,2,4}, int64[2] rows = {8,8}, int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2},
     int64[1] three = {3}, int64[3] flat = {2,8,4}, int64[4] full = {1,2,4,8}> {
        r = Reshape (x, rows)
        p = Gemm (r, w, b)
        s = Reshape (p, parts)
        t = Transpose <perm = [2,0,3,1,4]> (s)
        q0 = Slice (t, zero, one, zero)
        k0 = Slice (t, one, two, zero)
        v0 = Slice (t, two, three, zero)
        q = Squeeze (q0, zero)
        v = Squeeze (v0, zero)
        k = Reshape (k0, flat)
        kt = Transpose <perm = [0,2,1]> (k)
        k4 = Reshape (kt, full)
        qs = Mul (q, root)
        ks = Mul (k4, root)
        a = MatMul (qs, ks)
        e = Softmax <axis = -1> (a)
        o = MatMul (e, v)
        ot = Transpose <perm = [0,2,1,3]> (o)
        of = Reshape (ot, rows)
        og = Gemm (of, u, c)
        three_axes = Shape (x)
        y = Reshape (og, three_axes)
    }"""


def test_attention_as_torch_writes_it() -> None:
    counts = run(ATTENTION, root=ROOT, **weights(w=(8, 24), b=(24,), u=(8, 8), c=(8,)))
    assert counts.pop("RESHAPE") <= 5
    assert counts == {"BATCH_MATMUL": 2, "FULLY_CONNECTED": 2, "SOFTMAX": 1, "SPLIT": 1, "TRANSPOSE": 2}


MLP = """(float[1,8,8] x) => (float[1,8,8] y) <int64[2] rows = {8,8}, int64[3] all = {1,8,8}> {
        n = LayerNormalization (x, g, h)
        r = Reshape (n, rows)
        p = Gemm (r, w, b)
        d = Div (p, root)
        e = Erf (d)
        a = Add (e, one)
        m = Mul (half, a)
        z = Mul (p, m)
        f = Gemm (z, u, c)
        s = Reshape (f, all)
        y = Add (x, s)
    }"""


def test_perceptron_with_norm_and_gelu() -> None:
    constants = {"root": np.sqrt(2), "one": 1, "half": 0.5}
    arrays = {name: np.array(number, np.float32) for name, number in constants.items()}
    counts = run(MLP, **arrays, **weights(g=(8,), h=(8,), w=(8, 16), b=(16,), u=(16, 8), c=(8,)))
    assert (counts["GELU"], counts["FULLY_CONNECTED"]) == (1, 2)
    assert "RESHAPE" not in counts
    assert (counts["MUL"], counts["ADD"]) == (1, 2)  # of the norm: the affine part is in the weights


WINDOWS = """(float[1,4,8,8] x) => (float[1,4,8,8] y)
    <int64[4] a = {16,2,4,2}, int64[4] b = {1,4,16,4}, int64[3] c = {4,16,4}, int64[4] d = {1,4,16,4},
     int64[4] e = {16,4,2,2}, int64[4] f = {1,4,8,8}> {
        p = Conv (x, w)
        r = Reshape (p, a)
        s = Transpose <perm = [0,2,1,3]> (r)
        t = Reshape (s, b)
        u = Transpose <perm = [0,3,2,1]> (t)
        v = Reshape (u, c)
        m = Softmax <axis = -1> (v)
        n = Reshape (m, d)
        o = Transpose <perm = [0,3,2,1]> (n)
        g = Reshape (o, e)
        h = Transpose <perm = [0,2,1,3]> (g)
        i = Reshape (h, f)
        y = Conv (i, w)
    }"""


@pytest.mark.parametrize(("io_layout", "transposes"), [("auto", 2), ("keep", 4)])
def test_windows_of_an_image_move_once_each_way(io_layout: str, transposes: int) -> None:
    counts = run(WINDOWS, shape=(1, 4, 8, 8), io_layout=io_layout, **weights(w=(4, 4, 1, 1)))
    assert counts["TRANSPOSE"] == transposes

import numpy as np
from tests.exporter.tflite.harness import model_of as onnx_model
from tests.exporter.tflite.harness import onnx_outputs, tflite_outputs

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = """<ir_version: 9, opset_import: ["" : 18]> g (float[1,16,8,8] x) => (float[1,16,8,8] y) {
    a = Conv <pads=[1,1,1,1]> (x, w)
    b = Conv <pads=[1,1,1,1]> (a, w)
    y = Relu (b)
}"""


def test_weights_take_half_the_bytes_and_the_numbers_stay_near() -> None:
    w = (RNG.standard_normal((16, 16, 3, 3)) / 12).astype(np.float32)
    model, x = onnx_model(TEXT, w=w), {"x": RNG.standard_normal((1, 16, 8, 8)).astype(np.float32)}
    full = convert_model(model, io_layout="keep")
    half = convert_model(model, io_layout="keep", float16_weights=True)
    assert half.op_counts["DEQUANTIZE"] == 1  # one weight, read twice
    assert len(full.data) - len(half.data) > w.nbytes // 2 - 600
    want = onnx_outputs(model, x)["y"]
    for reference in (False, True):
        got = tflite_outputs(half.data, x, reference=reference)["y"]
        np.testing.assert_allclose(got, want, atol=2e-3)
        assert not np.array_equal(got, tflite_outputs(full.data, x)["y"])


HALF = """<ir_version: 9, opset_import: ["" : 18]> g (float[1,16,8,8] x) => (float[1,16,8,8] y) {
    v = Cast <to = 1> (h)
    a = Conv <pads=[1,1,1,1]> (x, v)
    y = Conv <pads=[1,1,1,1]> (a, w)
}"""


def test_weights_that_were_float16_are_float16_in_the_file_and_others_stay() -> None:
    h, w = ((RNG.standard_normal((16, 16, 3, 3)) / 12).astype(kind) for kind in (np.float16, np.float32))
    x = {"x": RNG.standard_normal((1, 16, 8, 8)).astype(np.float32)}
    model = onnx_model(HALF, h=h, w=w)
    made = convert_model(model, io_layout="keep")
    assert made.op_counts["DEQUANTIZE"] == 1
    assert h.nbytes + w.nbytes < len(made.data) < h.nbytes + w.nbytes + 4000
    widened = onnx_model(
        TEXT.replace("(a, w)", "(a, v)").replace("Relu (b)", "Identity (b)"), w=h.astype(np.float32), v=w
    )
    plain = convert_model(widened, io_layout="keep")
    assert "DEQUANTIZE" not in plain.op_counts  # nobody asked for it, though nothing would be lost
    np.testing.assert_array_equal(tflite_outputs(made.data, x)["y"], tflite_outputs(plain.data, x)["y"])


def test_values_beyond_float16_stay_as_they_are() -> None:
    w = (RNG.standard_normal((16, 16, 3, 3)) / 12).astype(np.float32)
    w[0, 0, 0, 0] = 1e5
    assert "DEQUANTIZE" not in convert_model(onnx_model(TEXT, w=w), float16_weights=True).op_counts


def test_small_constants_stay_as_they_are() -> None:
    text = TEXT.replace("16", "4")
    w = RNG.standard_normal((4, 4, 3, 3)).astype(np.float32)
    assert "DEQUANTIZE" not in convert_model(onnx_model(text, w=w), float16_weights=True).op_counts

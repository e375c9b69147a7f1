"""`convert` with sizes that stay dynamic."""

import numpy as np
import onnx
import pytest

from portproof import runtimes
from portproof.device_profiles.errors import PortproofError
from portproof.exporter.tflite import convert

TEXT = """<ir_version: 10, opset_import: ["" : 23]>
g (float[N,3] x, float[N,T] y) => (float[N,K] z) { c = Concat<axis = 1>(x, y) z = Relu(c) }"""


@pytest.fixture
def path(tmp_path):
    onnx.save(onnx.parser.parse_model(TEXT), tmp_path / "m.onnx")
    return tmp_path / "m.onnx"


def refusal(path, **options) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        convert(path, path.with_suffix(".tflite"), **options)
    return caught.value


def test_the_symbols_of_the_file_stay_dynamic(path):
    out = path.with_suffix(".tflite")
    convert(path, out, dims={"N": (1, 8), "T": (1, None)})
    with runtimes.open(out, isolated=False) as runner:
        assert [spec.shape for spec in runner.inputs] == [(None, 3), (None, None)]
        for n, t in ((1, 1), (8, 3), (3, 40)):
            x, y = np.full((n, 3), -1, np.float32), np.full((n, t), 2, np.float32)
            np.testing.assert_array_equal(runner.run({"x": x, "y": y})["z"], np.concatenate([x * 0, y], 1))


def test_ranges_of_several_functions_of_one_file(path):
    other = path.with_name("other.onnx")
    text = '<ir_version: 10, opset_import: ["" : 23]> g (float[N,3] x) => (float[N,3] y) { y = Neg(x) }'
    onnx.save(onnx.parser.parse_model(text), other)
    out = path.with_suffix(".tflite")
    convert({"both": path, "one": other}, out, dims={"N": (1, 8), "T": (1, None)})
    for size in (1, 8):
        with runtimes.open(out, isolated=False, signature="one") as runner:
            x = np.ones((size, 3), np.float32)
            np.testing.assert_array_equal(runner.run({"x": x})["y"], -x)


def test_a_range_of_one_size_pins(path):
    out = path.with_suffix(".tflite")
    convert(path, out, dims={"N": (2, 2), "T": (1, None)})
    with runtimes.open(out, isolated=False) as runner:
        assert [spec.shape for spec in runner.inputs] == [(2, 3), (2, None)]


def test_without_ranges_the_refusal_tells_both_ways(path):
    error = refusal(path)
    assert error.code == "E-MODEL-SHAPE"
    assert "--input y=1x1; or keep sizes dynamic, by name: --input y=NxT" in error.messages[1].hint


def test_what_is_left_out_is_named(path):
    assert [m.what for m in refusal(path, dims={"N": (1, 8)}).messages] == ["input 'y' has no fixed shape: NxT"]


@pytest.mark.parametrize("dims", [{"M": (1, 8)}, {"N": (0, 8)}, {"N": (4, 2)}])
def test_ranges_that_are_none(path, dims):
    error = refusal(path, dims=dims)
    assert error.code == "E-USAGE"
    assert "N, T" in error.messages[0].hint

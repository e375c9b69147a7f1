"""Cast and CastLike."""

import numpy as np
import onnx
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.tflite.harness import model_of, node_model

from portproof.device_profiles.errors import PortproofError

X = np.array([-3.7, -1, -0.2, 0, 0.4, 1, 2.9, 100.5], np.float32)
TYPES = [np.float16, np.float64, np.int8, np.int16, np.int32, np.int64, bool]


def _number(dtype: type) -> int:
    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def test_from_floats() -> None:
    cases = {np.dtype(dtype).name: (node_model("Cast", {"x": X}, to=_number(dtype)), {"x": X}) for dtype in TYPES}
    check_all(cases, atol=0.05, float16=False)


@pytest.mark.parametrize("source", [np.int64, np.uint8, np.int16, bool])
def test_from_others(source: type) -> None:
    x = np.array([0, 1, 5, 200, 130], source)
    wanted = [np.float32, np.int8, np.uint8, np.uint16, bool]
    cases = {np.dtype(dtype).name: (node_model("Cast", {"x": x}, to=_number(dtype)), {"x": x}) for dtype in wanted}
    check_all(cases, float16=False)


def test_like_another() -> None:
    x, like = X, np.array([1], np.uint8)
    fed = {"x": np.abs(x), "like": like}
    check(node_model("CastLike", fed), fed, float16=False)


def test_a_type_that_mil_lacks() -> None:
    text = """<ir_version: 10, opset_import: ["": 23]>
    agraph (float[8] x) => (float[8] y) { s = Cast<to=16>(x) y = Cast<to=1>(s) }"""
    with pytest.raises(PortproofError, match="MIL has no type"):
        run(model_of(text), {"x": X})

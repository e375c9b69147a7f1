import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[2,3] x) => (%s) {%s}'


def ops(body: str, outputs: str = "float[2,3] y", **constants: np.ndarray) -> dict[str, int]:
    model = model_of(TEXT % (outputs, body), **constants)
    check(model, {"x": np.random.default_rng(0).uniform(0.1, 9, (2, 3)).astype(np.float32)})
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize("body", ["r = Sqrt(x) y = Reciprocal(r)", "r = Sqrt(x) y = Div(one, r)"])
def test_one_over_a_root(body: str) -> None:
    constants = {"one": np.ones((), np.float32)} if "one" in body else {}
    assert ops(body, **constants) == {"RSQRT": 1}


def test_other_numbers_over_a_root_stay() -> None:
    assert "RSQRT" not in ops("r = Sqrt(x) y = Div(two, r)", two=np.full((), 2, np.float32))


def test_a_root_that_is_read_elsewhere_stays() -> None:
    assert "RSQRT" not in ops("r = Sqrt(x) y = Reciprocal(r) z = Add(r, x)", "float[2,3] y, float[2,3] z")


def test_an_activation_is_fused_no_more() -> None:
    assert ops("r = Sqrt(x) q = Reciprocal(r) y = Relu(q)") == {"RELU": 1, "RSQRT": 1}

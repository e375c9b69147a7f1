import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[2,3] x) => (%s) {%s}'
POSITIVE = "s = Mul(x, x) m = ReduceMean(s) v = Add(m, eps)"


def ops(body: str, outputs: str = "float[2,3] y", eps: float = 1e-3, **constants: np.ndarray) -> dict[str, int]:
    used = {"eps": np.float32(eps), **constants} if "eps" in body else constants
    model = model_of(TEXT % (outputs, body), **{name: np.asarray(array) for name, array in used.items()})
    check(model, {"x": np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)})
    return convert_model(model, io_layout="keep").op_counts


@pytest.mark.parametrize("body", ["q = Reciprocal(r)", "q = Div(one, r)"])
def test_one_over_the_root_of_a_mean_of_squares(body: str) -> None:
    constants = {"one": np.ones((), np.float32)} if "one" in body else {}
    counts = ops(f"{POSITIVE} r = Sqrt(v) {body} y = Mul(x, q)", **constants)
    assert counts == {"ADD": 1, "MEAN": 1, "MUL": 2, "RSQRT": 1}


@pytest.mark.parametrize(
    "body",
    [
        "s = Abs(x) r = Sqrt(s) y = Reciprocal(r)",
        f"{POSITIVE} r = Sqrt(v) y = Div(x, r)",
        f"{POSITIVE} r = Sqrt(v) q = Reciprocal(r) t = Mul(r, x) y = Mul(q, t)",
        "s = Abs(x) v = Sub(s, eps) w = Abs(v) r = Sqrt(w) y = Reciprocal(r)",
    ],
)
def test_what_may_be_zero_or_is_read_elsewhere_stays(body: str) -> None:
    assert "RSQRT" not in ops(body)


def test_nothing_is_added_where_eps_is_zero() -> None:
    assert "RSQRT" not in ops(f"{POSITIVE} r = Sqrt(v) q = Reciprocal(r) y = Mul(x, q)", eps=0.0)


def test_zeros_give_what_they_gave() -> None:
    model = model_of(TEXT % ("float[2,3] y", "r = Sqrt(x) y = Reciprocal(r)"))
    check(model, {"x": np.zeros((2, 3), np.float32)})

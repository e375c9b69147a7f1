import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.passes.merge_equal import MergeEqual

TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[2,3] x, float[3,3] w) => (float[2,3] y) {%s}'


def ops(body: str) -> dict[str, int]:
    model = model_of(TEXT % body)
    rng = np.random.default_rng(0)
    check(model, {"x": rng.standard_normal((2, 3), np.float32), "w": rng.standard_normal((3, 3), np.float32)})
    return convert_model(model, io_layout="keep").op_counts


def test_the_same_operator_on_the_same_values() -> None:
    assert ops("a = Exp(x) b = Exp(x) y = Add(a, b)")["EXP"] == 1


def test_what_hangs_on_it_too() -> None:
    assert ops("a = Exp(x) b = Exp(x) c = Tanh(a) d = Tanh(b) y = Add(c, d)") == {"ADD": 1, "EXP": 1, "TANH": 1}


@pytest.mark.parametrize(
    ("one", "other", "kind", "count"),
    [
        ("LeakyRelu<alpha = 0.5>(x)", "LeakyRelu<alpha = 0.5>(x)", "LEAKY_RELU", 1),
        ("LeakyRelu<alpha = 0.5>(x)", "LeakyRelu<alpha = 0.25>(x)", "LEAKY_RELU", 2),
        ("Softmax<axis = 1>(x)", "Softmax<axis = 0>(x)", "SOFTMAX", 2),
        ("MatMul(x, w)", "MatMul(x, w)", "BATCH_MATMUL", 1),
    ],
)
def test_attributes_and_operands_count(one: str, other: str, kind: str, count: int) -> None:
    assert ops(f"a = {one} b = {other} y = Sub(a, b)")[kind] == count


def test_three_of_one_kind_beside_another_of_the_same_operands() -> None:
    body = "a = Add(x, x) b = LeakyRelu<alpha = 0.5>(x) c = LeakyRelu<alpha = 0.25>(x) d = LeakyRelu<alpha = 0.25>(x) "
    body += "e = LeakyRelu<alpha = 0.25>(x) f = Add(c, d) g = Sub(f, e) h = Mul(b, g) y = Add(a, h)"
    assert ops(body)["LEAKY_RELU"] == 2


def test_a_result_under_its_own_name_stays() -> None:
    text = TEXT.replace("(float[2,3] y)", "(float[2,3] y, float[2,3] z)") % "y = Exp(x) z = Exp(x)"
    model = model_of(text)
    check(model, {"x": np.ones((2, 3), np.float32), "w": np.ones((3, 3), np.float32)})
    assert convert_model(model, io_layout="keep").op_counts["EXP"] == 2


def test_twice_changes_nothing() -> None:
    lowered = lower(model_of(TEXT % "a = Exp(x) b = Exp(x) y = Add(a, b)"))
    assert MergeEqual()(lowered).modified
    assert not MergeEqual()(lowered).modified

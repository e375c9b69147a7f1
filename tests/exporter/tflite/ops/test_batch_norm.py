import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of, tflite_outputs
from tests.exporter.tflite.ops.samples import SMALL, narrowed, normal, refusal

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write


def parameters(channels: int) -> dict[str, np.ndarray]:
    draws = {name: normal(channels, seed=seed) for seed, name in enumerate(("scale", "bias", "mean", "var"))}
    return draws | {"var": np.abs(draws["var"]) + 0.1}


def batch_norm(x: np.ndarray, **attributes):
    return node_model("BatchNormalization", {"x": x}, constants=parameters(x.shape[1]), **attributes)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 3), (1, 3, 3, 3), (2, 3, 4, 5), (1, 2, 3, 2, 2)])
def test_ranks(shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    check(batch_norm(x), {"x": x}, rtol=1e-5, atol=1e-5)


def test_constants_fold_into_a_product_and_a_sum() -> None:
    assert ops_of(batch_norm(normal(1, 3, 2, 2))) == {"MUL": 1, "ADD": 1}


@pytest.mark.parametrize("opset", [7, 8, 9, 14, 15, 23])
def test_versions(opset: int) -> None:
    x = normal(1, 3, 2, 2)
    check(batch_norm(x, epsilon=0.1, momentum=0.5, opset=opset), {"x": x}, rtol=1e-5, atol=1e-5)


def test_float16() -> None:
    x = normal(1, 3, 2, 2).astype(np.float16)
    check(batch_norm(x), {"x": x}, oracle="reference", rtol=1e-2, atol=1e-2)


def test_parameters_computed_at_run_time() -> None:
    inputs = {"x": normal(2, 3, 4), **parameters(3)}
    check(node_model("BatchNormalization", inputs), inputs, rtol=1e-4, atol=1e-5)


@SMALL
@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.sampled_from([1e-5, 0.3]))
def test_any_shape(shape: list[int], epsilon: float) -> None:
    x = normal(*shape)
    check(batch_norm(x, epsilon=epsilon), {"x": x}, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 3), (3, 3, 3), (2, 3, 4, 5)])
def test_training_uses_the_statistics_of_the_batch(shape: tuple[int, ...]) -> None:
    x = normal(*shape)
    model = batch_norm(x, training_mode=1, outputs=("y", "m", "v"), momentum=0.7, epsilon=1e-3)
    check(model, {"x": x}, rtol=1e-4, atol=1e-5, oracle="reference")


def test_other_forms_are_refused() -> None:
    x = normal(1, 3, 2, 2)
    assert "spatial=0" in refusal(batch_norm(x, spatial=0, opset=7))


def test_double_precision_is_told() -> None:
    assert "float64" in narrowed(batch_norm(np.zeros((1, 3, 2, 2))))


def test_opset_6_tells_inference_by_is_test() -> None:
    x = normal(2, 3, 4, 4)
    old, new = batch_norm(x, opset=6, is_test=1), batch_norm(x, opset=9)
    got = tflite_outputs(write(lower(old)), {"x": x})["y"]
    np.testing.assert_array_equal(got, tflite_outputs(write(lower(new)), {"x": x})["y"])
    assert "training" in refusal(batch_norm(x, opset=6))

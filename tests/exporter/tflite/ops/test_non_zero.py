from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import model_of, node_model, tflite_outputs
from tests.exporter.tflite.ops.movement_support import TYPES, check_both, data, few, refused, shapes
from tests.exporter.tflite.ops.test_late_parameters import agrees as declared_agrees

from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write
from portproof.runtimes import tflite_schema


@pytest.mark.parametrize("dtype", ["float32", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(6,), (3, 3), (2, 3, 3)])
def test_non_zero(dtype: str, shape: tuple[int, ...]) -> None:
    x = data(shape, dtype)
    x.reshape(-1)[::2] = 0
    check_both(node_model("NonZero", {"x": x}), {"x": x})
    if dtype == "int64":
        declared_agrees("NonZero", [x], (len(shape), int(np.count_nonzero(x))))


def test_the_size_is_open_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    x = np.ones((2, 3), np.float32)
    model = node_model("NonZero", {"x": x})
    data_ = write(lower(model))
    path.write_bytes(data_)
    (graph,) = tflite_schema.read(path).subgraphs
    assert list(graph.tensors[graph.outputs[0]].shapeSignature) == [2, -1]
    for count in (0, 3, 6):
        sample = (np.arange(6).reshape(2, 3) < count).astype(np.float32)
        assert tflite_outputs(data_, {"x": sample})["y"].shape == (2, count)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_compress_by_a_condition_of_run_time(dtype: str, axis: int | None) -> None:
    x, keep = data((3, 3), dtype), np.array([True, False, True])
    inputs = {"x": x, "keep": keep}
    check_both(node_model("Compress", inputs, axis=axis), inputs)
    check_both(node_model("Compress", {"x": x}, constants={"keep": keep}, axis=axis), {"x": x})


@pytest.mark.parametrize("keep", [[False, False], [True, True, True, True], [True]])
def test_conditions_of_other_lengths(keep: list[bool]) -> None:
    inputs = {"x": data((3, 4)), "keep": np.array(keep)}
    check_both(node_model("Compress", inputs, axis=1), inputs)


def test_what_reads_an_open_size_is_refused() -> None:
    head = '<ir_version: 10, opset_import: ["" : 23]>'
    text = "g (float[2,2] x) => (int64[N,2] z) { y = NonZero(x) z = Transpose(y) }"
    refused(model_of(f"{head} {text}"), "NonZero", "depends on the data")
    refused(node_model("NonZero", {"x": np.array(1.0, np.float32)}), "scalar")


@few
@given(shapes(1, 4), st.integers(0, 9), st.data())
def test_any_condition(shape: list[int], seed: int, draw: st.DataObject) -> None:
    axis = draw.draw(st.sampled_from([None, *range(len(shape))]))
    size = int(np.prod(shape)) if axis is None else shape[axis]
    inputs = {"x": data(shape), "keep": np.random.default_rng(seed).random(size) < 0.5}
    check_both(node_model("Compress", inputs, axis=axis), inputs)
    check_both(node_model("NonZero", {"x": inputs["keep"]}), {"x": inputs["keep"]})

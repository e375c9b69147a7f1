"""Embeddings keep their integers: only the rows that are taken become real numbers."""

import numpy as np
import pytest
from tests.exporter.tflite.integer.qdq import kernels, reference, run, sample, with_weights

from portproof.exporter.tflite.conversion import convert_model

TABLE = sample((300, 16), 1)
ROWS = {"i": np.array([[3, 299, 0]])}
TEXT = "(int64[1,3] i) => (float[1,3,16] y) { y = Gather(w, i) }"


@pytest.mark.parametrize("axis", [None, 0])
def test_rows_of_one_scale_or_of_one_each(axis: int | None) -> None:
    model = with_weights(TEXT, {"w": (TABLE, axis)})
    converted = convert_model(model)
    assert ("GATHER", "int8") in kernels(converted.data)
    assert len(converted.data) < TABLE.size * 2.5
    want = reference(model, ROWS)["y"]
    assert np.array_equal(run(converted, ROWS)["y"], want)
    np.testing.assert_allclose(want, TABLE[ROWS["i"]], atol=0.02)


@pytest.mark.parametrize(("form", "axis"), [("Gather(w, i)", 1), ("Gather<axis=1>(w, i)", 0)])
def test_scales_along_what_is_taken_otherwise_make_floats(form: str, axis: int) -> None:
    shape = "1,3,16" if "axis" not in form else "300,1,3"
    text = f"(int64[1,3] i) => (float[{shape}] y) {{ y = {form} }}"
    rows = {"i": np.array([[3, 15, 0]])}
    model = with_weights(text, {"w": (TABLE, axis)})
    converted = convert_model(model)
    assert {kind for name, kind in kernels(converted.data) if name == "GATHER"} == {"float32"}
    assert np.array_equal(run(converted, rows)["y"], reference(model, rows)["y"])

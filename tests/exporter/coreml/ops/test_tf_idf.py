"""TfIdfVectorizer."""

from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.coreml.ops.movement_support import refused
from tests.exporter.tflite.harness import node_model
from tests.exporter.tflite.ops.test_tf_idf import POOL, ROWS


def model(x: np.ndarray, **options: Any) -> Any:
    attributes = {"mode": "TF", "min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 0, **POOL, **options}
    return node_model("TfIdfVectorizer", {"x": x}, **attributes)


@pytest.mark.parametrize(
    ("x", "options"),
    [
        (ROWS, {}),
        (ROWS[1], {"mode": "IDF", "weights": None}),
        (ROWS.astype("int32"), {"mode": "TFIDF", "max_skip_count": 1}),
        (ROWS, {"min_gram_length": 2, "max_skip_count": 4}),
        (ROWS, {"ngram_indexes": [6, 0, 9, 2, 1, 3, 4], "weights": None}),
        (np.array([[5], [6]]), {"max_skip_count": 2}),
    ],
    ids=["tf", "idf", "tfidf", "pairs", "columns", "short"],
)
def test_against_onnx_runtime(x: np.ndarray, options: dict[str, Any]) -> None:
    check(model(x, **options), {"x": x})


def test_what_is_refused() -> None:
    words = {"pool_int64s": None, "pool_strings": ["a", "b"], "ngram_counts": [0], "ngram_indexes": [0, 1]}
    refused(model(ROWS, **{**words, "weights": None}), "strings")
    refused(model(ROWS, pool_int64s=[2, 3, 5, 2**40, 5, 6, 7, 8, 6, 7]), "beyond int32")

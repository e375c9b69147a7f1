from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import node_model
from tests.exporter.tflite.ops.movement_support import check_both, few, refused

POOL = {
    "pool_int64s": [2, 3, 5, 4, 5, 6, 7, 8, 6, 7],
    "ngram_counts": [0, 4],
    "ngram_indexes": [0, 1, 2, 3, 4, 5, 6],
    "weights": [1.0, 2.0, 0.5, 3.0, 1.5, 1.0, 4.0],
}
ROWS = np.array([[1, 1, 3, 3, 3, 7], [8, 6, 7, 5, 6, 8]])


def model(x: np.ndarray, **options: Any) -> Any:
    attributes = {"mode": "TF", "min_gram_length": 1, "max_gram_length": 2, "max_skip_count": 0, **POOL, **options}
    return node_model("TfIdfVectorizer", {"x": x}, **attributes)


@pytest.mark.parametrize("mode", ["TF", "IDF", "TFIDF"])
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_modes(mode: str, dtype: str) -> None:
    for x in (ROWS.astype(dtype), ROWS[1].astype(dtype)):
        check_both(model(x, mode=mode), {"x": x})
        check_both(model(x, mode=mode, weights=None), {"x": x})


@pytest.mark.parametrize("skipped", [0, 1, 4, 9])
@pytest.mark.parametrize("lengths", [(1, 1), (1, 2), (2, 2)])
def test_lengths_and_skips(skipped: int, lengths: tuple[int, int]) -> None:
    options = {"min_gram_length": lengths[0], "max_gram_length": lengths[1], "max_skip_count": skipped}
    check_both(model(ROWS, **options), {"x": ROWS})


def test_columns_in_another_order() -> None:
    check_both(model(ROWS, ngram_indexes=[6, 0, 9, 2, 1, 3, 4], weights=None), {"x": ROWS})


def test_rows_shorter_than_an_n_gram() -> None:
    x = np.array([[5], [6]])
    check_both(model(x, max_skip_count=2), {"x": x})


def test_what_is_refused() -> None:
    words = {"pool_int64s": None, "pool_strings": ["a", "b"], "ngram_counts": [0], "ngram_indexes": [0, 1]}
    refused(model(ROWS, **{**words, "weights": None}), "strings")
    refused(model(ROWS, mode="IDF", ngram_indexes=[1, 0, 2, 3, 4, 5, 6]), "order")


@few
@given(st.integers(0, 99), st.integers(0, 3))
def test_any_rows(seed: int, skipped: int) -> None:
    x = np.random.default_rng(seed).integers(2, 9, (2, 7))
    check_both(model(x, mode="TFIDF", max_skip_count=skipped), {"x": x})

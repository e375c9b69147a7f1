import numpy as np
import pytest
import torch
from tests.runtimes.coreml.inferred import inferred
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def _random(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def _attention(*tensors: np.ndarray, mask: np.ndarray | None = None, out: str = "float32") -> np.ndarray:
    query, key, value = tensors
    given = {"query": query, "key": key, "value": value, "attn_mask": mask}
    return run("scaled_dot_product_attention", out, opset="CoreML8", **given)


def _formula(query: np.ndarray, key: np.ndarray, value: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    scores = query.astype(np.float64) @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return (weights / weights.sum(-1, keepdims=True)) @ value


@pytest.mark.parametrize("batch", [(2,), (2, 3), (1, 2, 3)])
@pytest.mark.parametrize("masked", ["no", "floats", "truth", "broadcast"])
def test_the_formula(batch: tuple[int, ...], masked: str) -> None:
    query, key, value = _random(*batch, 5, 4), _random(*batch, 7, 4), _random(*batch, 7, 3)
    mask = {
        "no": None,
        "floats": _random(*batch, 5, 7),
        "truth": RNG.integers(0, 2, (*batch, 5, 7)).astype(bool) | (np.arange(7) == 2),
        "broadcast": _random(5, 7),
    }[masked]
    got = _attention(query, key, value, mask=mask)
    np.testing.assert_allclose(got, _formula(query, key, value, mask), rtol=0, atol=1e-5)
    named = {"query": query, "key": key, "value": value, **({} if mask is None else {"attn_mask": mask})}
    folded = inferred("scaled_dot_product_attention", opset="CoreML8", **named)
    np.testing.assert_allclose(got, folded, rtol=0, atol=1e-5)


def test_scores_beyond_float16_are_no_trouble() -> None:
    query, key = np.full((1, 2, 4), 250.0, np.float16), np.full((1, 2, 4), 250.0, np.float16)
    value = np.array([[[1.0], [3.0]]], np.float16)
    assert _attention(query, key, value, out="float16").tolist() == [[[2.0], [2.0]]]


def test_a_row_in_which_nothing_takes_part_is_no_number() -> None:
    mask = np.array([[True, False], [False, False]])
    got = _attention(*(_random(1, 2, 3) for _ in range(3)), mask=mask)
    assert np.isfinite(got[0, 0]).all()
    assert np.isnan(got[0, 1]).all()


def test_as_torch() -> None:
    tensors = [_random(2, 3, 6, 8) for _ in range(3)]
    want = torch.nn.functional.scaled_dot_product_attention(*map(torch.from_numpy, tensors))
    np.testing.assert_allclose(_attention(*tensors), want.numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("shapes", "why"),
    [
        (((5, 4), (5, 4), (5, 4)), "of one rank, 3 or more"),
        (((1, 5, 4), (2, 5, 4), (2, 5, 4)), "batches of query, key and value differ"),
        (((1, 5, 4), (1, 5, 3), (1, 5, 4)), "do not fit"),
        (((1, 5, 4), (1, 6, 4), (1, 5, 4)), "do not fit"),
    ],
)
def test_what_is_refused(shapes: tuple[tuple[int, ...], ...], why: str) -> None:
    with pytest.raises(PortproofError, match=why):
        _attention(*(_random(*shape) for shape in shapes))


def test_it_comes_with_ios_18() -> None:
    with pytest.raises(PortproofError, match="is not known"):
        run("scaled_dot_product_attention", "float32", opset="CoreML7", query=_random(1, 2, 2))

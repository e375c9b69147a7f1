from typing import Any

import numpy as np
import pytest
from tests.exporter.tflite.harness import check, node_model, onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.numeric_support import refused, told

from portproof.exporter.tflite.conversion import convert_model
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

NAMES = ("q", "k", "v", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen")
OUTPUTS = ("y", "present_key", "present_value", "scores")
RNG = np.random.default_rng(0)


def normal(*shape: int, scale: float = 1, dtype: str = "float32") -> np.ndarray:
    return (scale * RNG.standard_normal(shape)).astype(dtype)


def qkv(batch: int = 2, heads: int = 3, shared: int = 3, queries: int = 4, keys: int = 4, size: int = 4) -> dict:
    return {"q": normal(batch, heads, queries, size)} | {n: normal(batch, shared, keys, size) for n in "kv"}


def model(arrays: dict[str, np.ndarray], *, constant: tuple[str, ...] = (), outputs: int = 1, **options: Any):
    last = max(NAMES.index(name) for name in arrays)
    order = [name if name in arrays else "" for name in NAMES[: last + 1]]
    fed = {name: array for name, array in arrays.items() if name not in constant}
    fixed = {name: arrays[name] for name in constant}
    names = [name if outputs > at else "" for at, name in enumerate(OUTPUTS[:outputs])]
    options = {"opset": 24 if "nonpad_kv_seqlen" in arrays else 23} | options
    return node_model("Attention", fed, constants=fixed, order=order, outputs=names, **options), fed


def verify(arrays: dict[str, np.ndarray], *, oracle: str = "ort", atol: float = 2e-6, **options: Any) -> None:
    """Both layouts, both sets of kernels."""
    made, fed = model(arrays, **options)
    check(made, fed, oracle=oracle, rtol=1e-5, atol=atol)
    want = onnx_outputs(made, fed, oracle=oracle)
    for reference in (False, True):
        got = tflite_outputs(write(lower(made)), fed, reference=reference)
        for name, array in want.items():
            np.testing.assert_allclose(got[name], array, rtol=1e-5, atol=atol, err_msg=f"{name} {reference=}")


@pytest.mark.parametrize("shared", [1, 2, 4])
@pytest.mark.parametrize("options", [{}, {"is_causal": 1}, {"scale": 0.3}, {"softcap": 1.5}])
def test_heads_that_share_keys(shared: int, options: dict) -> None:
    verify(qkv(heads=4, shared=shared), **options)


def test_flat_heads() -> None:
    arrays = {"q": normal(2, 3, 12), "k": normal(2, 5, 6), "v": normal(2, 5, 4)}
    verify(arrays, q_num_heads=4, kv_num_heads=2)
    verify(arrays, q_num_heads=4, kv_num_heads=2, is_causal=1, outputs=3)


@pytest.mark.parametrize("shape", [(4,), (4, 4), (1, 4), (3, 4, 4), (2, 1, 4, 4), (2, 3, 4, 4)])
@pytest.mark.parametrize("kind", ["b", "f"])
@pytest.mark.parametrize("constant", [(), ("attn_mask",)])
def test_masks(shape: tuple[int, ...], kind: str, constant: tuple[str, ...]) -> None:
    mask = RNG.random(shape) < 0.6 if kind == "b" else normal(*shape)
    verify(qkv() | {"attn_mask": mask}, constant=constant, oracle="reference", is_causal=int(shape[-2:] == (4, 4)))


@pytest.mark.parametrize("shape", [(4,), (1, 4), (2, 1, 1, 4)])
def test_a_mask_for_all_queries_with_causality(shape: tuple[int, ...]) -> None:
    """ONNX's evaluator fails on it, or takes its only row for the first query's."""
    arrays = qkv() | {"attn_mask": normal(*shape)}
    whole = arrays | {"attn_mask": np.broadcast_to(arrays["attn_mask"], (2, 3, 4, 4))}
    made, fed = model(arrays, is_causal=1)
    want = onnx_outputs(*model(whole, is_causal=1))["y"]
    np.testing.assert_allclose(tflite_outputs(write(lower(made)), fed)["y"], want, atol=2e-6)


@pytest.mark.parametrize("kind", ["b", "f"])
@pytest.mark.parametrize("constant", [(), ("attn_mask",)])
@pytest.mark.parametrize("mode", [None, 3])
def test_a_query_that_may_see_nothing_gives_zeros(kind: str, constant: tuple[str, ...], mode: int | None) -> None:
    seen = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]], bool)
    mask = seen if kind == "b" else np.where(seen, normal(4, 4), -np.inf).astype(np.float32)
    arrays = qkv() | {"attn_mask": mask}
    verify(arrays, constant=constant, oracle="reference", outputs=4 if mode else 1, qk_matmul_output_mode=mode)
    made, fed = model(arrays, constant=constant)
    assert not tflite_outputs(write(lower(made)), fed)["y"][:, :, 1].any()


def test_past_and_present() -> None:
    past = {"past_key": normal(2, 3, 2, 4), "past_value": normal(2, 3, 2, 4)}
    for options in ({}, {"is_causal": 1}):
        verify(qkv() | past, outputs=4, **options)
    verify(qkv() | past | {"attn_mask": normal(4, 6)}, outputs=3, is_causal=1)


@pytest.mark.parametrize("constant", [(), ("nonpad_kv_seqlen",)])
@pytest.mark.parametrize("causal", [0, 1])
def test_a_cache_filled_in_part(constant: tuple[str, ...], causal: int) -> None:
    arrays = qkv(queries=3, keys=6) | {"nonpad_kv_seqlen": np.array([4, 2], np.int64)}
    verify(arrays, constant=constant, oracle="reference", is_causal=causal)
    verify(arrays | {"attn_mask": normal(3, 5)}, constant=constant, oracle="reference", is_causal=causal)


@pytest.mark.parametrize("sizes", [(1, -1), (-1, 1), (1, 0), (2, 2)])
@pytest.mark.parametrize("constant", [(), ("nonpad_kv_seqlen",)])
def test_windows(sizes: tuple[int, int], constant: tuple[str, ...]) -> None:
    options = {"left_window_size": sizes[0], "right_window_size": sizes[1], "opset": 25, "oracle": "reference"}
    verify(qkv(queries=5, keys=5), **options)
    verify(qkv(queries=3, keys=6) | {"nonpad_kv_seqlen": np.array([6, 4])}, constant=constant, **options)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_scores_given_out(mode: int) -> None:
    verify(qkv(), outputs=4, qk_matmul_output_mode=mode)
    if mode != 1:
        verify(qkv() | {"attn_mask": normal(4, 4)}, outputs=4, qk_matmul_output_mode=mode)


@pytest.mark.parametrize("mode", [1, 2])
def test_scores_whose_meaning_is_settled(mode: int) -> None:
    arrays = qkv() | {"attn_mask": normal(4, 4)}
    verify(arrays, outputs=4, qk_matmul_output_mode=mode, softcap=2.0, opset=25, oracle="reference")


def test_scores_with_a_mask_hold_minus_infinity() -> None:
    verify(qkv(), outputs=4, qk_matmul_output_mode=2, is_causal=1, oracle="reference")
    verify(qkv() | {"attn_mask": np.tri(4) > 0}, outputs=4, qk_matmul_output_mode=2, oracle="reference")


def test_large_scores_do_not_overflow() -> None:
    arrays = {name: 300 * array for name, array in qkv().items()}
    verify(arrays | {"attn_mask": np.tri(4) > 0}, oracle="reference", atol=1e-3)


def test_half_floats() -> None:
    arrays = {name: array.astype("float16") for name, array in qkv().items()}
    made, fed = model(arrays, outputs=3, softmax_precision=1)
    want = onnx_outputs(made, fed)
    got = tflite_outputs(write(lower(made)), fed)
    for name, array in want.items():
        assert got[name].dtype == np.float16
        np.testing.assert_allclose(got[name].astype(np.float32), array.astype(np.float32), atol=4e-3)


def test_what_the_delegate_sees() -> None:
    made, _ = model(qkv(), is_causal=1)
    counts = convert_model(made, io_layout="keep").op_counts
    assert counts == {"ADD": 1, "BATCH_MATMUL": 2, "MUL": 1, "SOFTMAX": 1}


def test_refusals() -> None:
    refused(model(qkv(heads=4, shared=3)), "heads")
    refused(model(qkv() | {"attn_mask": normal(4, 1)}), "attn_mask")
    refused(model(qkv() | {"attn_mask": normal(4, 4)}, outputs=4, qk_matmul_output_mode=1), "1.20")
    refused(model(qkv(), outputs=4, qk_matmul_output_mode=1, softcap=2.0), "1.23")
    told(model({name: array.astype(np.float64) for name, array in qkv().items()}), "float64")

"""Attention: one operator since iOS18, its parts before; masks, caches, shared heads."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import run
from tests.exporter.coreml.ops.movement_support import Case, case, cases_model, check_cases, refused
from tests.exporter.tflite.harness import onnx_outputs

NAMES = ("q", "k", "v", "attn_mask", "past_key", "past_value", "nonpad_kv_seqlen")
RNG = np.random.default_rng(0)
Arrays = dict[str, np.ndarray]
targets = pytest.mark.parametrize("target", ["iOS16", "iOS18"])


def normal(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def qkv(batch: int = 2, heads: int = 3, shared: int = 3, queries: int = 4, keys: int = 4, size: int = 4) -> Arrays:
    return {"q": normal(batch, heads, queries, size)} | {name: normal(batch, shared, keys, size) for name in "kv"}


def attention(inputs: Arrays, constants: Arrays | None = None, *, outputs: int = 1, **options: Any) -> Case:
    constants = constants or {}
    names = [name if name in inputs or name in constants else "-" for name in NAMES]
    while names[-1] == "-":
        names.pop()
    return case("Attention", " ".join(names), constants=constants, outputs=outputs, **options)


def agrees(cases: list[Case], inputs: Arrays, **options: Any) -> None:
    check_cases(cases, inputs, **{"rtol": 1e-5, "atol": 2e-6, **options})


@targets
@pytest.mark.parametrize("shared", [1, 2, 4])
def test_heads_that_share_keys(shared: int, target: str) -> None:
    inputs = qkv(heads=4, shared=shared)
    cases = [attention(inputs, **options) for options in ({}, {"is_causal": 1}, {"scale": 0.3}, {"softcap": 1.5})]
    agrees(cases, inputs, target=target, float16=target == "iOS18")


def test_it_is_one_operator() -> None:
    inputs = qkv() | {"attn_mask": normal(4, 4)}
    for one, most in ((attention(inputs, is_causal=1), 7), (attention(qkv()), 2)):
        _, written = run(cases_model([one], inputs), inputs)
        assert written.op_counts["scaled_dot_product_attention"] == 1
        assert sum(written.op_counts.values()) <= most


@targets
def test_flat_heads_and_caches(target: str) -> None:
    inputs = {"q": normal(2, 3, 12), "k": normal(2, 5, 6), "v": normal(2, 5, 4)}
    inputs |= {"past_key": normal(2, 2, 3, 3), "past_value": normal(2, 2, 3, 2)}
    flat = {name: inputs[name] for name in "qkv"}
    heads = {"q_num_heads": 4, "kv_num_heads": 2}
    cases = [attention(flat, **heads), attention(inputs, outputs=3, is_causal=1, **heads)]
    agrees(cases, inputs, target=target, float16=False)


@targets
@pytest.mark.parametrize("kind", ["b", "f"])
def test_masks(kind: str, target: str) -> None:
    inputs, cases = qkv(), []
    for index, shape in enumerate([(4, 4), (1, 4), (3, 4, 4), (2, 1, 4, 4), (2, 3, 4, 4)]):
        mask = RNG.random(shape) < 0.8 if kind == "b" else normal(*shape)
        inputs[f"m{index}"] = mask
        for name, held in ((f"m{index}", {}), ("attn_mask", {"attn_mask": mask})):
            cases.append(case("Attention", f"q k v {name}", constants=held, is_causal=int(shape == (4, 4))))
    agrees(cases, inputs, oracle="reference", target=target, float16=False)


@targets
@pytest.mark.parametrize("kind", ["b", "f"])
def test_a_query_that_may_see_nothing_gives_zeros(kind: str, target: str) -> None:
    seen = np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]], bool)
    mask = seen if kind == "b" else np.where(seen, 0, -np.inf).astype(np.float32)
    inputs = qkv() | {"attn_mask": mask}
    every = inputs | {"attn_mask": seen | ~seen.any(1, keepdims=True)}
    want = onnx_outputs(cases_model([attention(every)], every), every)["y0_0"] * seen.any(1)[:, None]
    plain = {name: inputs[name] for name in "qkv"}
    cases = [attention(inputs), attention(plain, {"attn_mask": mask})]
    got, _ = run(cases_model(cases, inputs), inputs, target=target)
    for array in got.values():
        np.testing.assert_allclose(array, want, atol=2e-6)


def test_a_cache_outside_and_windows() -> None:
    inputs = qkv(queries=2, keys=6) | {"nonpad_kv_seqlen": np.array([4, 6])}
    held = {"nonpad_kv_seqlen": inputs["nonpad_kv_seqlen"]}
    plain = {name: inputs[name] for name in "qkv"}
    cases = [attention(inputs), attention(inputs, is_causal=1), attention(plain, held, is_causal=1)]
    check_cases(cases, inputs, opset=24, oracle="reference", rtol=1e-5, atol=2e-6, float16=False)


@pytest.mark.parametrize("mode", [0, 3])
def test_the_scores_on_the_way(mode: int) -> None:
    inputs = qkv() | {"attn_mask": RNG.random((4, 4)) < 0.9}
    one = replace(attention(inputs, outputs=4, qk_matmul_output_mode=mode), left_out=(1, 2))
    got, _ = run(cases_model([one], inputs), inputs)
    want = onnx_outputs(cases_model([one], inputs), inputs, oracle="reference")
    for name, array in want.items():
        np.testing.assert_allclose(got[name], array, rtol=1e-5, atol=2e-6, err_msg=name)


def test_refusals() -> None:
    inputs = qkv() | {"attn_mask": normal(4, 4)}
    one = replace(attention(inputs, outputs=4, qk_matmul_output_mode=1), left_out=(1, 2))
    refused(cases_model([one], inputs), "qk_matmul_output_mode 1")
    short = qkv() | {"attn_mask": normal(4, 1)}
    refused(cases_model([attention(short)], short), "last axis of 1")

"""The steps on a small network whose values are rounded, measured by the network's output on samples of its own."""

from dataclasses import replace

import fake_quant
import numpy as np
import pytest
from small_network import UNSEEN, network
from small_network import samples as make_samples

from portproof.calibration.plan import LayerWeights
from portproof.calibration.rounding import inputs
from portproof.calibration.rounding.blocks import matrix_of_scales, scales_of_matrix
from portproof.calibration.rounding.layer import LinearLayer
from portproof.calibration.rounding.second_order import SecondOrderRounding, damping_of


def _applied(context, step):
    proposals = list(step.propose(context))
    return context.plan.with_weights({each.layer: each.weights for each in proposals}), proposals


@pytest.fixture(scope="module", params=["int8", "int16", None])
def context(request):
    return fake_quant.FakeQuant(network(), make_samples(), request.param, bits=8 if request.param == "int8" else 4)


def test_second_order_rounding_brings_the_output_nearer(context):
    plan, proposals = _applied(context, SecondOrderRounding())
    assert [each.layer for each in proposals] == ["first", "deep", "wide", "head"]
    gain = 1 if context.plan.integer and context.plan.weights["wide"].bits == 8 else 4
    assert context.sqnr_db(plan, UNSEEN) > context.sqnr_db(context.plan, UNSEEN) + gain
    for each in proposals:
        old = context.plan.weights[each.layer]
        assert each.weights.integers.shape == old.integers.shape
        assert each.weights.scale.shape == old.scale.shape
        assert np.abs(each.weights.integers).max() <= (127 if old.bits == 8 else 7)
        assert (each.weights.axis, each.weights.bits) == (old.axis, old.bits)


def test_it_is_deterministic(context):
    first, second = (list(SecondOrderRounding().propose(context)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.weights.integers, other.weights.integers)
        np.testing.assert_array_equal(one.weights.bias, other.weights.bias)


def test_the_first_layer_has_no_shift_of_its_weights_left(context):
    if context.plan.activations:
        pytest.skip("rounding the input shifts it too")
    names = [context.plan.layers["first"].output]

    def shift(plan):
        pairs = zip(context.float_values(names), context.quantized_values(names, plan, plain=True), strict=True)
        errors = [(one.values[names[0]] - other.values[names[0]]).mean(axis=(0, 2, 3)) for one, other in pairs]
        return np.abs(np.mean(errors, axis=0)).max()

    plan, _ = _applied(context, SecondOrderRounding())
    assert shift(plan) < 0.1 * shift(context.plan)


def _with(context, plan):
    made = object.__new__(fake_quant.FakeQuant)
    made.__dict__.update(context.__dict__, plan=plan)
    return made


def test_a_layer_without_bias_gets_none(context):
    plan = context.plan.with_weights({"deep": replace(context.plan.weights["deep"], bias=None)})
    bare = _with(context, plan)
    found = {each.layer: each.weights for each in SecondOrderRounding().propose(bare)}
    assert found["deep"].bias is None
    assert found["first"].bias is not None


def test_a_scale_for_the_whole_layer_stays_one(context):
    old = context.plan.weights["deep"]
    one = replace(old, scale=np.full_like(old.scale, old.scale.max()))
    found = {
        p.layer: p.weights
        for p in SecondOrderRounding().propose(_with(context, context.plan.with_weights({"deep": one})))
    }
    np.testing.assert_array_equal(found["deep"].scale, one.scale)
    assert len(set(found["first"].scale.tolist())) > 1


def test_groups_of_a_transposed_convolution_share_scales():
    text = """<ir_version: 10, opset_import: ["" : 21]>
    net (float[1,4,5,5] x) => (float[1,6,10,10] y) { [up] y = ConvTranspose<group = 2, strides = [2,2]>(x, w0) }"""
    chance = np.random.default_rng(0)
    samples = [{"x": (chance.normal(size=(1, 4, 5, 5)) + 1).astype(np.float32)} for _ in range(20)]
    context = fake_quant.FakeQuant(network(text, {"w0": (4, 3, 2, 2)}), samples, None, bits=4)
    assert context.plan.weights["up"].scale.shape == (3,)
    (proposal,) = SecondOrderRounding().propose(context)
    np.testing.assert_array_equal(proposal.weights.scale, context.plan.weights["up"].scale)
    assert context.sqnr_db(context.plan.with_weights({"up": proposal.weights})) > context.sqnr_db(context.plan)


def test_blocks_of_four_bits():
    text = """<ir_version: 10, opset_import: ["" : 18]>
    net (float[1,6,32] x) => (float[1,6,16] y) { [fc] y = MatMul(x, w0) }"""
    chance = np.random.default_rng(0)
    mix = chance.normal(size=(32, 32))
    samples = [{"x": (chance.normal(size=(1, 6, 32)) @ mix).astype(np.float32)} for _ in range(30)]
    context = fake_quant.FakeQuant(network(text, {"w0": (32, 16)}), samples[:20], None)
    weight = context.weight("fc")
    scale = (np.abs(weight.reshape(4, 8, 16)).max(axis=1) / 7).astype(np.float32)
    integers = np.rint(weight / np.repeat(scale, 8, axis=0)).astype(np.int8)
    old = LayerWeights(integers=integers, scale=scale, axis=0, bits=4, block_size=8)
    blocked = _with(context, context.plan.with_weights({"fc": old}))
    plan, ((proposal),) = _applied(blocked, SecondOrderRounding())
    assert proposal.weights.scale.shape == (4, 16)
    assert blocked.sqnr_db(plan, samples[20:]) > blocked.sqnr_db(blocked.plan, samples[20:]) + 2
    matrix = LinearLayer(op="MatMul", weight_shape=(32, 16))
    np.testing.assert_array_equal(scales_of_matrix(matrix, matrix_of_scales(matrix, old), old), old.scale)


@pytest.mark.parametrize("block", [0, 8])
def test_the_columns_of_a_wide_layer_are_rounded_in_slices(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(inputs, "_WIDEST", 20)
    monkeypatch.setattr(inputs, "_SLICE", 12)
    text = """<ir_version: 10, opset_import: ["" : 18]>
    net (float[1,6,32] x) => (float[1,6,16] y) { [fc] y = MatMul(x, w0) }"""
    chance = np.random.default_rng(0)
    mix = np.kron(np.eye(4), chance.normal(size=(8, 8)))
    samples = [{"x": (chance.normal(size=(1, 6, 32)) @ mix).astype(np.float32)} for _ in range(30)]
    context = fake_quant.FakeQuant(network(text, {"w0": (32, 16)}), samples[:20], None)
    weight = context.weight("fc")
    scale = (np.abs(weight.reshape(-1, block or 32, 16)).max(axis=1) / 7).astype(np.float32)
    integers = np.rint(weight / np.repeat(scale, block or 32, axis=0)).astype(np.int8)
    scale = scale if block else scale[0]
    old = LayerWeights(integers=integers, scale=scale, axis=0 if block else 1, bits=4, block_size=block or None)
    plain = _with(context, context.plan.with_weights({"fc": old}))
    (target,) = inputs.targets(plain)
    assert target.slices == 4
    ((_, found),) = inputs.moments(plain, [target])
    assert found.second.shape == (4, 8, 8)
    plan, ((proposal),) = _applied(plain, SecondOrderRounding())
    assert proposal.weights.scale.shape == scale.shape
    assert plain.sqnr_db(plan, samples[20:]) > plain.sqnr_db(plain.plan, samples[20:]) + 1


@pytest.mark.parametrize(
    ("columns", "block", "slices"), [(4096, None, 1), (8192, None, 4), (8191, None, 8191), (9000, 8, 5)]
)
def test_slices_are_equal_and_hold_whole_blocks(columns: int, block: int | None, slices: int) -> None:
    matrix = LinearLayer(op="MatMul", weight_shape=(columns, 2))
    target = inputs.Target(name="fc", input="x", encoding=None, matrix=matrix, block=block)
    assert target.slices == slices
    values = np.arange(2 * columns).reshape(1, 2, columns)
    np.testing.assert_array_equal(target.together(target.apart(values)), values)


def test_blocks_of_a_kernel_with_several_taps_are_left_alone(context):
    wide = replace(context.plan.weights["first"], block_size=1)
    names = [target.name for target in inputs.targets(_with(context, context.plan.with_weights({"first": wide})))]
    assert names == ["deep", "wide", "head"]


def test_moments_of_few_rows_are_trusted_less():
    assert damping_of(10**9, 9) == pytest.approx(0.01)
    assert damping_of(1000, 1000) == pytest.approx(0.26)


def test_few_matrices_at_a_time(context):
    chosen = inputs.targets(context)
    assert [len(batch) for batch in inputs.batches(chosen)] == [4]
    assert [len(batch) for batch in inputs.batches(chosen, 1)] == [1, 1, 1, 1]
    assert inputs.matrix_bytes(chosen[1].matrix) == 8 * 8 * 81

from dataclasses import replace

import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net

from portproof.calibration.build import Choice, encode, joint, layer_weights, refit, widened
from portproof.calibration.observe import histogram
from portproof.calibration.place import regions
from portproof.calibration.place.groups import Group
from portproof.calibration.place.placement import place
from portproof.calibration.plan import Encoding, Layer
from portproof.calibration.prepare import prepare
from portproof.calibration.rewrites import watched, watched_for_mixes
from portproof.calibration.write import bias_integers
from portproof.device_profiles import integer_kernels
from portproof.device_profiles.errors import PortproofError

RULES = integer_kernels.load()
READ = Encoding(scale=0.05, zero_point=3)


@pytest.fixture
def model() -> ir.Model:
    return prepare(conv_net())


def layers(model: ir.Model) -> list[Layer]:
    return [region.layer for region in regions.find(model) if region.layer is not None]


def test_weights_are_symmetric_with_a_scale_for_each_channel(model: ir.Model) -> None:
    for layer in layers(model):
        found = layer_weights(model, layer, RULES, READ)
        weight = model.graph.initializers[layer.weight].const_value.numpy()  # type: ignore[union-attr]
        assert found.scale.shape == (weight.shape[layer.axis],)
        assert np.abs(found.integers).max() <= 127
        assert np.abs(found.dequantized() - weight).max() <= found.scale.max() * 4  # clipping included
        assert found.bias is not None


def test_a_bias_that_would_leave_an_int32_widens_the_scale_of_its_channel(model: ir.Model) -> None:
    layer = layers(model)[0]
    plain = layer_weights(model, layer, RULES, READ)
    bias = np.asarray([1.0, 1e9, 0.0, -1e9], np.float32)
    found = refit(replace(plain, bias=bias), READ, layer)
    assert np.array_equal(found.scale[[0, 2]], plain.scale[[0, 2]])
    assert (found.scale[[1, 3]] > plain.scale[[1, 3]]).all()
    integers, scale = bias_integers(layer, found, READ)
    assert np.abs(integers * scale.astype(np.float64) - bias).max() <= 1e9 * 1e-6
    assert refit(plain, READ, layer) is plain


def test_a_transposed_convolutions_scales_serve_each_group() -> None:
    layer = Layer(
        name="t",
        op_type="ConvTranspose",
        input="x",
        output="y",
        result="y",
        weight="w",
        axis=1,
        attributes={"group": 2},
    )
    bias = np.asarray([0.0, 1e9, 0.0, 0.0], np.float32)
    wide = widened(np.full(2, 0.01, np.float32), bias, READ, layer)
    assert wide[0] == np.float32(0.01)
    assert wide[1] > 0.01


def test_an_input_that_only_moves_has_the_range_that_was_watched_behind_the_move() -> None:
    text = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[3,8,8] x) => (float[1,3,8,8] y) <int64[1] axis = {0}> { [up] a = Unsqueeze(x, axis) y = Relu(a) }
"""
    model = prepare(ir.from_onnx_text(text))
    watched = {"a": histogram.of(np.linspace(-2, 6, 99, dtype=np.float32))}
    found = joint(Group(members=("x",), sources=("x",)), model, watched)
    assert (found.low, found.high) == (-2, 6)
    assert not joint(Group(members=("x",), sources=("x",)), model, {}).counts.size


def test_no_scale_is_made_up_for_what_nobody_watched(model: ir.Model) -> None:
    name = next(iter(model.graph)).outputs[0].name or ""
    group, placed = Group(members=(name,), sources=(name,)), place(model, RULES)
    with pytest.raises(PortproofError, match=f"no statistics were gathered of {name}"):
        encode(group, model, {}, Choice(), placed)
    empty = encode(group, model, {name: histogram.EMPTY}, Choice(), placed)
    assert (empty.scale, empty.zero_point) == (1.0, 0), "it never had an element"


def test_mixes_are_tried_on_statistics_of_all_that_may_carry_a_scale(model: ir.Model) -> None:
    apart = {region.name: "asked for" for region in regions.find(model)[:2]}
    some, everything = (watch(model, place(model, RULES, apart=apart)) for watch in (watched, watched_for_mixes))
    assert set(watched(model, place(model, RULES))) <= set(everything)
    assert set(some) < set(everything)

"""Layers of a mix that are not int8 are named, each with its reason."""

from dataclasses import replace

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from tests.calibration.sensitivity.test_regions import MODEL, mixes_of, named

from portproof.calibration import prepare
from portproof.calibration.place.islands import COSTS
from portproof.calibration.place.placement import place
from portproof.calibration.plan import Plan
from portproof.calibration.sensitivity.layers import MixedLayer, counts, not_int8
from portproof.calibration.sensitivity.mix import Mix
from portproof.calibration.sensitivity.ranking import Effect, Ranking
from portproof.calibration.sensitivity.regions import RegionMixes
from portproof.calibration.sensitivity.search import Found
from portproof.calibration.sensitivity.targets import Point


@pytest.fixture(scope="module")
def mixes() -> RegionMixes:
    return mixes_of(MODEL, wide=(32, 32, 3, 3), each=(32, 1, 3, 3), point=(32, 32, 1, 1))


def layers(mixes: RegionMixes, mix: Mix, *aside: Mix) -> list[MixedLayer]:
    effects = (Effect(item=mixes.items[0].name, precision="int8", sqnr_db=12.34, noise=0.06),)
    found = Found(
        frontier=(),
        chosen=point(mix),
        ranking=Ranking(reference_db=99.0, effects=effects),
        runs=1,
        set_aside=tuple(map(point, aside)),
    )
    return list(not_int8(mixes.model, mixes.plan(mix), found, mixes.rules))


def point(mix: Mix) -> Point:
    return Point(mix=mix, sqnr_db=30.0, size_bytes=1, bit_operations=1.0)


def test_layers_in_int8_are_not_named(mixes: RegionMixes) -> None:
    assert layers(mixes, named(mixes, "int8", "int8", "int8")) == []


def test_a_layer_that_was_raised_says_what_int8_does_to_the_outputs(mixes: RegionMixes) -> None:
    found = layers(mixes, named(mixes, "dynamic", "int8", "float32"))
    assert [(each.name, each.op_type, each.precision) for each in found] == [
        (mixes.items[0].name, "Conv", "dynamic"),
        (mixes.items[2].name, "Conv", "float32"),
    ]
    assert found[0].why == "alone it takes the outputs to 12.3 dB in int8"
    assert found[0].as_dict()["why"] == found[0].why


def test_layers_are_counted_as_they_are_written(mixes: RegionMixes) -> None:
    mix = named(mixes, "dynamic", "int8", "float32")
    assert counts(mixes.plan(mix), layers(mixes, mix)) == {"dynamic": 1, "int8": 1, "float32": 1}
    mix = named(mixes, "int8", "int8", "weight_only")
    assert counts(mixes.plan(mix), layers(mixes, mix)) == {"int8": 2, "weight_only": 1}


def test_recurrent_layers_are_named_with_the_units_reason(mixes: RegionMixes) -> None:
    text = """
<ir_version: 8, opset_import: ["" : 18]>
net (float[5, 1, 32] x) => (float[5, 1, 1, 8] y) { y = LSTM <hidden_size = 8> (x, w, r) }
"""
    model = onnx.parser.parse_model(text)
    for name, shape in (("w", (1, 32, 32)), ("r", (1, 32, 8))):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(shape, np.float32), name))
    prepared = prepare.prepare(ir.from_proto(model))
    placement = place(prepared, mixes.rules)
    plan = Plan(layers={}, integer=frozenset(), activations={}, weights={}, why_float=placement.why_float)
    found = Found(frontier=(), chosen=point(Mix(choices=())), ranking=Ranking(reference_db=99.0, effects=()), runs=1)
    (layer,) = not_int8(prepared, plan, found, mixes.rules)
    assert (layer.op_type, layer.precision) == ("LSTM", "float32")
    assert "no integer kernel for LSTM" in layer.why


def test_a_layer_for_whose_precision_the_file_was_slow_says_so(mixes: RegionMixes) -> None:
    every = named(mixes, "int8", "int8", "int8")
    found = layers(mixes, named(mixes, "weight_only", "weight_only", "weight_only"), every)
    assert len(found) == 3
    assert all("with int8 layers the file was not faster" in each.why for each in found)


def test_what_thrift_leaves_float_has_integer_weights_and_the_reason(mixes: RegionMixes) -> None:
    thrifty = replace(mixes, thrifty=True)
    lone = named(mixes, "float32", "int8", "int8")
    assert thrifty.plan(lone).weight_only == {mixes.items[1].name}
    assert not mixes.plan(lone).weight_only
    (layer,) = [each for each in layers(thrifty, lone) if each.precision == "weight_only"]
    assert (layer.name, layer.why) == (mixes.items[1].name, COSTS)
    assert layer.name not in thrifty.plan(lone).why_float

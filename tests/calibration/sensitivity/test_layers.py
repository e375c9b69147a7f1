"""Layers of a mix that are not int8 are named, each with its reason."""

from dataclasses import replace

import pytest
from tests.calibration.sensitivity.test_regions import MODEL, mixes_of, named

from portproof.calibration.place.islands import COSTS
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
    assert counts(mixes.plan(named(mixes, "dynamic", "int8", "float32"))) == {"dynamic": 1, "int8": 1, "float32": 1}
    assert counts(mixes.plan(named(mixes, "int8", "int8", "weight_only"))) == {"int8": 2, "weight_only": 1}


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

import onnx_ir as ir
import pytest

from portproof.exporter.tflite.generalise.witnesses import smallest, witnesses
from portproof.runtimes.dims import Dim


def model(*shape: int | str) -> ir.Model:
    x = ir.Value(name="x", shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.FLOAT))
    return ir.Model(ir.Graph([x], [], nodes=[]), ir_version=10)


IMAGE = model("N", 3, "H", "W")
RANGES = [
    [Dim(name="N"), Dim(name="H"), Dim(name="W")],
    [Dim(name="N", high=8), Dim(name="H", low=32, high=512, step=32), Dim(name="W", low=32, high=512, step=32)],
    [Dim(name="N", high=2), Dim(name="H", low=200, high=300), Dim(name="W", low=201, high=999, step=2)],
    [Dim(name="N", low=3, high=100), Dim(name="H", low=320), Dim(name="W", low=64, step=64)],
]


@pytest.mark.parametrize("dims", RANGES)
def test_sizes_of_a_dimension_are_different_and_never_one(dims):
    found = witnesses(IMAGE, dims)
    for dim in dims:
        sizes = [at[dim.name] for at in found]
        assert len(set(sizes)) >= len(sizes) - 1  # the largest may be one of the six
        assert dim.admits(sizes[0])
        assert min(sizes) > 1
        assert all((size - dim.low) % dim.step == 0 for size in sizes)


@pytest.mark.parametrize("dims", RANGES)
def test_no_two_dimensions_have_the_same_sizes(dims):
    found = witnesses(IMAGE, dims)
    columns = [tuple(at[dim.name] for at in found) for dim in dims]
    assert len(set(columns)) == len(columns)
    assert all(len(set(at.values())) > 1 for at in found[:-1])


def test_odd_and_even_sizes():
    found = witnesses(model("N", "T"), [Dim(name="N"), Dim(name="T", low=16, high=128)])
    assert {at["T"] % 2 for at in found[:-1]} == {0, 1}


def test_within_the_range_where_it_is_wide_and_its_end_last():
    found = witnesses(IMAGE, RANGES[1])
    assert all(32 <= at["H"] <= 512 for at in found)
    assert found[-1] == {"N": 8, "H": 512, "W": 512}


def test_a_narrow_range_is_left_for_larger_sizes():
    found = witnesses(IMAGE, [Dim(name="N", high=2)])
    assert max(at["N"] for at in found) > 2
    assert found[-1]["N"] == 2


def test_an_image_without_a_limit_is_larger_than_what_a_network_divides_it_by():
    found = witnesses(IMAGE, RANGES[0])
    assert min(at["H"] for at in found) >= 100
    assert max(at["N"] for at in found) <= 41


def test_the_smallest_sizes():
    assert smallest(RANGES[1]) == {"N": 2, "H": 32, "W": 32}
    assert smallest(RANGES[0]) is None


def test_the_same_every_time():
    assert witnesses(IMAGE, RANGES[0]) == witnesses(IMAGE, RANGES[0])

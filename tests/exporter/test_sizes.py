import numpy as np
import onnx_ir as ir

from portproof.exporter.sizes import (
    blank,
    examples,
    proving_sizes,
    representative,
    resized,
    shown_sizes,
    sizes_of_samples,
)
from portproof.runtimes.dims import Dim


def model(**shapes) -> ir.Model:
    inputs = [
        ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(ir.DataType.FLOAT))
        for name, shape in shapes.items()
    ]
    return ir.Model(ir.Graph(inputs, [], nodes=[]), ir_version=10)


IMAGE = model(x=("N", 3, "H", "W"))
OPEN = [Dim(name="N"), Dim(name="H"), Dim(name="W")]
STEPS = [Dim(name="N", high=8), Dim(name="H", low=32, high=500, step=32), Dim(name="W", low=32, high=500, step=32)]


def test_the_ends_something_between_and_equal_sizes():
    found = proving_sizes(IMAGE, STEPS)
    assert found[:2] == [{"N": 1, "H": 32, "W": 32}, {"N": 8, "H": 480, "W": 480}]
    assert all(dim.admits(at[dim.name]) for at in found for dim in STEPS)
    assert found[2]["H"] not in (32, 480)
    assert found[2]["H"] != found[2]["W"]


def test_without_limits_sizes_that_networks_divide():
    found = proving_sizes(IMAGE, OPEN)
    assert found[0] == {"N": 1, "H": 1, "W": 1}
    assert found[1]["H"] % 32 == 0
    assert found[2]["H"] % 32 == 0
    assert {"N": 2, "H": 2, "W": 2} in found


def test_nothing_for_fixed_sizes():
    assert proving_sizes(IMAGE, []) == []
    assert shown_sizes(IMAGE, [], None) == []
    assert examples(IMAGE, None, []) == []


def test_the_file_has_the_smallest_batch_and_the_examples_size():
    example = {"x": np.zeros((6, 3, 224, 192), np.float32)}
    assert representative(IMAGE, OPEN, example) == {"N": 1, "H": 224, "W": 192}
    assert representative(IMAGE, OPEN, None) == {"N": 1, "H": 64, "W": 64}
    assert representative(IMAGE, STEPS, None) == {"N": 1, "H": 32, "W": 32}
    assert representative(IMAGE, OPEN, example, {"N": 6, "W": 224}) == {"N": 1, "H": 224, "W": 224}
    assert shown_sizes(IMAGE, OPEN, example)[0] == {"N": 1, "H": 224, "W": 192}


def test_an_example_is_repeated_to_other_sizes():
    two = model(x=("N", 2), y=("N",))
    example = {"x": np.array([[1, 2], [3, 4]], np.float32), "y": np.array([5, 6], np.float32)}
    made = resized(example, two, {"N": 3})
    np.testing.assert_array_equal(made["x"], [[1, 2], [3, 4], [1, 2]])
    np.testing.assert_array_equal(made["y"], [5, 6, 5])
    assert blank(two, {"N": 3})["x"].shape == (3, 2)


def test_every_combination_among_samples_once():
    samples = [{"x": (1, 3, 8, 8)}, {"x": (2, 3, 8, 8)}, {"x": (1, 3, 8, 8)}]
    assert sizes_of_samples(IMAGE, samples) == [{"N": 1, "H": 8, "W": 8}, {"N": 2, "H": 8, "W": 8}]
    assert sizes_of_samples(model(x=(1, 3)), [{"x": (1, 3)}]) == []

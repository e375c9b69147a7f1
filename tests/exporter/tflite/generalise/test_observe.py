import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.tflite.tfl import graph_input, model_of

from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.generalise.observe import Mismatch, Observation


def lowered(n: int, *, op: str = "RELU", extra: bool = False, twice: bool = False, weight: float = 1.0) -> ir.Model:
    """RESHAPE of x[n, 4], an addition, and an activation."""
    b = Builder(23)
    x = graph_input("x", (n, 4))
    r = b.emit("RESHAPE", [x, b.ints([n * 2, 2])], shape=(n * 2, 2), dtype=np.float32, new_shape=[n * 2, 2])
    s = b.emit("ADD", [r, r if twice else b.const([weight, 2.0], np.float32)], shape=(n * 2, 2), dtype=np.float32)
    y = b.emit(op, [s], shape=(n * 2, 2), dtype=np.float32)
    if extra:
        y = b.emit("EXP", [y], shape=(n * 2, 2), dtype=np.float32)
    return model_of(b, [x], {"y": y})


def observed(*others: ir.Model) -> Observation:
    seen = Observation.of(lowered(3), {"N": 3})
    for number, other in enumerate(others):
        seen.add(other, {"N": 5 + number})
    return seen


def test_shapes_and_parameters_of_every_witness():
    seen = observed(lowered(5), lowered(6))
    reshape, add, _ = seen.model.graph
    assert seen.shapes[reshape.outputs[0]] == [(6, 2), (10, 2), (12, 2)]
    assert seen.varies(reshape.outputs[0]) == (True, False)
    assert [array.tolist() for array in seen.constants[reshape, 1]] == [[6, 2], [10, 2], [12, 2]]
    assert seen.attributes[reshape, "new_shape"] == [(6, 2), (10, 2), (12, 2)]
    assert (add, 1) not in seen.constants  # the same everywhere


def test_a_parameter_that_differs_later_only_is_known_for_all():
    seen = observed(lowered(5), lowered(6, weight=9.0))
    add = list(seen.model.graph)[1]
    assert [array.tolist() for array in seen.constants[add, 1]] == [[1, 2], [1, 2], [9, 2]]


def test_which_dimension_a_column_is():
    seen = observed(lowered(5), lowered(6))
    assert seen.dim_of([3, 5, 6]) == "N"
    assert seen.dim_of([6, 10, 12]) is None


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (lowered(5, op="TANH"), "makes TANH of it, not RELU"),
        (lowered(5, extra=True), "needs a EXP that another does not"),
        (lowered(5, twice=True), "a constant at one size and computed at another"),
    ],
)
def test_graphs_that_are_not_the_same(other, why):
    seen = observed(lowered(6))
    with pytest.raises(Mismatch) as caught:
        seen.add(other, {"N": 7})
    assert why in caught.value.why
    assert len(seen.sizes) == 2
    assert all(len(shapes) == 2 for shapes in seen.shapes.values())  # nothing of it was taken


def test_nan_constants_are_equal_bit_by_bit():
    seen = Observation.of(lowered(3, weight=float("nan")), {"N": 3})
    seen.add(lowered(5, weight=float("nan")), {"N": 5})
    assert len(seen.constants) == 1  # the shape

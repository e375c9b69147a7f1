"""Padded positions hold what the others do, where no output minds."""

import numpy as np
import onnx_ir as ir
import pytest

from portproof.calibration import padding
from portproof.calibration.samples import open_samples
from portproof.runtimes.spec import TensorSpec

HEADER = '<ir_version: 10, opset_import: ["" : 21]>'
MEAN = """
net (float[1,4,3] x, int64[1,4] mask) => (float[1,3] y)
<int64[1] last = {-1}, int64[1] axis = {1}>
{
  m = Cast<to = 1>(mask)  wide = Unsqueeze(m, last)  kept = Mul(x, wide)
  sum = ReduceSum<keepdims = 0>(kept, axis)  y = Relu(sum)
}
"""


def specs():
    return (
        TensorSpec(name="x", shape=(1, 4, 3), dtype="float32"),
        TensorSpec(name="mask", shape=(1, 4), dtype="int64"),
    )


def rows(*masks):
    chance = np.random.default_rng(0)
    return [
        {"x": chance.normal(size=(1, 4, 3)).astype(np.float32), "mask": np.array([mask], np.int64)} for mask in masks
    ]


def found(text, *masks):
    model = ir.from_onnx_text(HEADER + text)
    return padding.find(model, open_samples(rows(*masks), specs()))


def test_a_mask_is_found_by_what_it_does():
    assert found(MEAN, [1, 1, 0, 0], [1, 1, 1, 1]) == padding.Padding(mask="mask", padded=("x",))


@pytest.mark.parametrize(
    ("text", "masks"),
    [
        (MEAN.replace("Mul(x, wide)", "Add(x, wide)"), [[1, 1, 0, 0], [1, 1, 1, 1]]),  # an output minds
        (MEAN, [[1, 1, 1, 1], [1, 1, 1, 1]]),  # nothing is padded
        (MEAN, [[1, 2, 0, 0], [1, 1, 1, 1]]),  # no mask: it counts
    ],
)
def test_what_is_no_mask_is_left(text, masks):
    assert found(text, *masks) is None


def test_positions_are_repeated_in_turn():
    found = padding.Padding(mask="mask", padded=("x",)).filled(rows([0, 1, 1, 0])[0])
    given = rows([0, 1, 1, 0])[0]["x"][0]
    np.testing.assert_array_equal(found["x"][0], given[[1, 1, 2, 2]])
    assert found["mask"].tolist() == [[0, 1, 1, 0]]


def test_a_row_without_any_position_stays():
    (given,) = rows([0, 0, 0, 0])
    np.testing.assert_array_equal(padding.Padding(mask="mask", padded=("x",)).filled(given)["x"], given["x"])


def test_every_reading_of_the_samples_is_filled():
    samples = open_samples(rows(*[[1, 1, 0, 0]] * 5), specs())
    filled = padding.without(samples, padding.Padding(mask="mask", padded=("x",)))
    for sample in (*filled, *filled.fit(), *filled.held_back()):
        np.testing.assert_array_equal(sample["x"][:, 2:], sample["x"][:, :2])
    assert padding.without(samples, None) is samples
    assert len(list(filled.held_back())) == 1

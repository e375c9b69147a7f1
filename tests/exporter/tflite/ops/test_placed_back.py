"""Col2Im, MaxUnpool and TensorScatter: what puts entries at places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.ops.numeric_support import few, nodes, refused, sample, verify

from portproof.exporter.lowering.columns import sources_of


@few
@given(st.sampled_from([(2, 2), (3, 1)]), st.sampled_from([1, 2]), st.sampled_from([1, 2]), st.sampled_from([0, 1]))
def test_col2im(block: tuple[int, int], stride: int, dilation: int, pad: int) -> None:
    image = (5, 5)
    counts = [(size + 2 * pad - dilation * (k - 1) - 1) // stride + 1 for size, k in zip(image, block, strict=True)]
    x = sample((2, 3 * block[0] * block[1], counts[0] * counts[1]))
    options = {"strides": [stride] * 2, "dilations": [dilation] * 2, "pads": [pad] * 4}
    verify("Col2Im", x, np.array(image), np.array(block), constant=(1, 2), **options)


def test_col2im_of_volumes_integers_and_infinity() -> None:
    volume = sample((1, 8, 8), "int32"), np.array([3, 3, 3]), np.array([2, 2, 2])
    verify("Col2Im", *volume, constant=(1, 2), oracle="reference")
    x = np.array([[[np.inf], [1], [2], [3]]], np.float32)
    verify("Col2Im", x, np.array([2, 2]), np.array([2, 2]), constant=(1, 2))


def test_as_few_terms_as_blocks_overlap() -> None:
    assert sources_of([4, 4], [2, 2], [2, 2], [1, 1], [0] * 4).shape == (1, 16)
    assert sources_of([4, 4], [2, 2], [1, 1], [1, 1], [0] * 4).shape == (4, 16)


def test_max_unpool() -> None:
    x, places = sample((1, 1, 2, 2)), np.array([[[[5, 7], [13, 15]]]])
    options = {"kernel_shape": [2, 2], "strides": [2, 2], "oracle": "reference"}
    verify("MaxUnpool", x, places, **options)
    verify("MaxUnpool", x, places, np.array([1, 1, 5, 6]), constant=(2,), **options)
    verify("MaxUnpool", x.astype(np.float16), places, **options)
    refused(nodes("MaxUnpool", x, places, kernel_shape=[3, 3], strides=[2, 2]), "overlap")


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int32", "int64", "bool"])
@pytest.mark.parametrize("starts", [None, [2, 0, 1]])
def test_tensor_scatter(batch: int, dtype: str, starts: list[int] | None) -> None:
    arrays = [sample((batch, 2, 6, 3), dtype), sample((batch, 2, 4, 3), dtype, seed=1)]
    arrays += [] if starts is None else [np.array(starts[:batch])]
    verify("TensorScatter", *arrays, opset=24, oracle="reference")


@pytest.mark.parametrize("axis", [1, -1])
def test_tensor_scatter_goes_on_at_the_start(axis: int) -> None:
    shape = [2, 6, 6]
    shape[axis] = 4
    arrays = sample((2, 6, 6)), sample(tuple(shape), seed=1), np.array([5, 3])
    verify("TensorScatter", *arrays, opset=24, axis=axis, mode="circular", oracle="reference")

import numpy as np
import pytest
from tests.exporter.tflite.ops.numeric_support import nodes, sample, told, verify

CLOSE = {"rtol": 1e-4, "atol": 1e-4}


@pytest.mark.parametrize(("group", "offset_group"), [(1, 1), (2, 1), (1, 2), (2, 4)])
@pytest.mark.parametrize("constant", [(), (1, 3)])
def test_groups_strides_and_pads(group: int, offset_group: int, constant: tuple[int, ...]) -> None:
    places = (4, 3)
    arrays = [sample((2, 4, 5, 6)), sample((6, 4 // group, 2, 3)), sample((2, offset_group * 12, *places), seed=1)]
    arrays += [sample((6,)), sample((2, offset_group * 6, *places), positive=True)]
    options = {"group": group, "offset_group": offset_group, "strides": [1, 2], "pads": [0, 1, 0, 1]}
    verify("DeformConv", *arrays, constant=constant, **options, **CLOSE)


def test_dilated_without_bias_and_mask() -> None:
    arrays = sample((1, 1, 5, 5)), sample((1, 1, 2, 2)), sample((1, 8, 3, 3))
    verify("DeformConv", *arrays, constant=(1,), dilations=[2, 2], kernel_shape=[2, 2], **CLOSE)


def test_without_offsets_it_is_a_convolution() -> None:
    x, w = sample((1, 2, 4, 4)), sample((3, 2, 3, 3))
    patches = np.lib.stride_tricks.sliding_window_view(x[0], (3, 3), axis=(1, 2))
    want = np.einsum("chwij,ocij->ohw", patches, w)[None]
    verify("DeformConv", x, w, np.zeros((1, 18, 2, 2), np.float32), constant=(1,), want=want, **CLOSE)


def test_refusals() -> None:
    arrays = sample((1, 1, 5, 5)), sample((1, 1, 2, 2)), sample((1, 8, 4, 4))
    told(nodes("DeformConv", *(array.astype(np.float64) for array in arrays)), "float64")

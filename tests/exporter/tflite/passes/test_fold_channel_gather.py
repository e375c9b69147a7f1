import numpy as np
import pytest
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)
TEXT = '<ir_version: 9, opset_import: ["" : 18]> g (float[1,4,%d,%d] x) => (%s) {%s}'


def ops(
    body: str, size: tuple[int, int] = (3, 5), outputs: str = "float[n,c,h,w] y", **constants: np.ndarray
) -> dict[str, int]:
    model = model_of(TEXT % (*size, outputs, body), **constants)
    check(model, {"x": RNG.standard_normal((1, 4, *size)).astype(np.float32)})
    return convert_model(model).op_counts


def weights(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("size", [(3, 5), (8, 8), (4, 4)])
def test_a_pixel_shuffle_behind_a_convolution(size: tuple[int, int]) -> None:
    body = 'c = Conv(x, w, b) y = DepthToSpace<blocksize = 2, mode = "CRD">(c)'
    assert ops(body, size, w=weights(8, 4, 1, 1), b=weights(8)) == {"CONV_2D": 1, "DEPTH_TO_SPACE": 1}


def test_through_an_activation() -> None:
    body = 'c = Conv(x, w) r = Tanh(c) y = DepthToSpace<blocksize = 2, mode = "CRD">(r)'
    assert "GATHER" not in ops(body, w=weights(8, 4, 1, 1))


@pytest.mark.parametrize("index", [[3, 0, 2], [5, 5, 1, 0], [0]])
def test_some_channels_some_of_them_twice(index: list[int]) -> None:
    counts = ops("c = Conv(x, w) y = Gather<axis = 1>(c, i)", w=weights(6, 4, 1, 1), i=np.array(index))
    assert "GATHER" not in counts


def test_more_channels_than_there_are_are_gathered() -> None:
    counts = ops("c = Conv(x, w) y = Gather<axis = 1>(c, i)", w=weights(2, 4, 1, 1), i=np.array([1, 0, 1]))
    assert counts["GATHER"] == 1


def test_what_others_read_too_is_gathered() -> None:
    body = "c = Conv(x, w) g = Gather<axis = 1>(c, i) y = Mul(g, c)"
    assert ops(body, w=weights(4, 4, 1, 1), i=np.array([2, 0, 3, 1]))["GATHER"] == 1


def test_pixels_are_gathered() -> None:
    body = "c = Conv(x, w) y = Gather<axis = 3>(c, i)"
    assert ops(body, w=weights(5, 4, 1, 1), i=np.array([2, 0, 3]))["GATHER"] == 1

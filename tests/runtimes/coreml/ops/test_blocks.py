import numpy as np
import pytest
import torch
from tests.runtimes.coreml.mil import Const, run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)


def _depth_to_space(x: np.ndarray, block: int) -> np.ndarray:
    """By the place of each element, in the order that TensorFlow's operator of that name has."""
    n, c, h, w = x.shape
    out = np.zeros((n, c // block**2, h * block, w * block), x.dtype)
    for i in range(block):
        for j in range(block):
            first = (i * block + j) * out.shape[1]
            out[:, :, i::block, j::block] = x[:, first : first + out.shape[1]]
    return out


@pytest.mark.parametrize("block", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_depth_to_space_and_back(dtype: str, block: int) -> None:
    x = RNG.standard_normal((2, 2 * block**2, 3, 5)).astype(dtype)
    got = run("depth_to_space", dtype, x=x, block_size=block)
    np.testing.assert_array_equal(got, _depth_to_space(x, block).astype(np.float32))
    back = run("space_to_depth", dtype, x=got.astype(dtype), block_size=block)
    np.testing.assert_array_equal(back, x.astype(np.float32))


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_pixel_shuffle_and_back(factor: int) -> None:
    x = RNG.standard_normal((2, 2 * factor**2, 3, 5)).astype(np.float32)
    got = run("pixel_shuffle", "float32", x=x, upscale_factor=factor)
    np.testing.assert_array_equal(got, torch.nn.PixelShuffle(factor)(torch.from_numpy(x)).numpy())
    np.testing.assert_array_equal(run("pixel_unshuffle", "float32", opset="CoreML6", x=got, downscale_factor=factor), x)


def test_the_two_orders_of_channels_differ() -> None:
    x = np.arange(8, dtype=np.float32).reshape(1, 8, 1, 1)
    assert run("depth_to_space", "float32", x=x, block_size=2)[0, :, 0, 0].tolist() == [0, 1]
    assert run("pixel_shuffle", "float32", x=x, upscale_factor=2)[0, :, 0, 0].tolist() == [0, 4]


def test_space_to_batch() -> None:
    x = np.arange(1, 17, dtype=np.float32).reshape(2, 1, 2, 4)
    got = run("space_to_batch", "float32[8,1,1,3]", x=x, block_shape=[2, 2], paddings=[[0, 0], [2, 0]])
    wanted = [[0, 1, 3], [0, 9, 11], [0, 2, 4], [0, 10, 12], [0, 5, 7], [0, 13, 15], [0, 6, 8], [0, 14, 16]]
    assert got.reshape(8, 3).tolist() == wanted


@pytest.mark.parametrize(
    ("block", "border"), [((2, 2), ((0, 0), (0, 0))), ((2, 3), ((1, 1), (2, 0))), ((1, 2), ((0, 0), (1, 3)))]
)
def test_batch_to_space_undoes_it(block: tuple[int, int], border: tuple[tuple[int, int], ...]) -> None:
    height, width = (4 * size - sum(sides) for size, sides in zip(block, border, strict=True))
    x = RNG.standard_normal((2, 3, height, width)).astype(np.float32)
    sides = Const(np.array(border, np.int32))
    there = run("space_to_batch", "float32", x=x, block_shape=list(block), paddings=sides)
    assert there.shape == (2 * block[0] * block[1], 3, 4, 4)
    np.testing.assert_array_equal(run("batch_to_space", "float32", x=there, block_shape=list(block), crops=sides), x)


@pytest.mark.parametrize(
    ("op", "parameters"),
    [
        ("depth_to_space", {"block_size": 2}),
        ("space_to_depth", {"block_size": 2}),
        ("pixel_shuffle", {"upscale_factor": 2}),
        ("space_to_depth", {"block_size": 0}),
        ("batch_to_space", {"block_shape": [2, 2], "crops": [[0, 0], [0, 0]]}),
        ("space_to_batch", {"block_shape": [2, 2], "paddings": [[0, 0], [0, 0]]}),
        ("space_to_batch", {"block_shape": [3, 3], "paddings": [[-1, 1], [0, 0]]}),
    ],
)
def test_blocks_that_do_not_divide(op: str, parameters: dict[str, object]) -> None:
    with pytest.raises(PortproofError):
        run(op, "float32", x=np.zeros((3, 3, 3, 3), np.float32), **parameters)


def test_images_only() -> None:
    with pytest.raises(PortproofError) as caught:
        run("depth_to_space", "float32", x=np.zeros((4, 3, 3), np.float32), block_size=2)
    assert "rank 4" in caught.value.messages[0].why

from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own name for it
from tests.runtimes.coreml.mil import Const, run

from portproof.device_profiles.errors import PortproofError

RNG = np.random.default_rng(0)
LINE = np.array([0, 1], np.float32).reshape(1, 1, 2)


def _random(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("mode", "points"),
    [  # the table in the documentation of resize_bilinear
        ("UNALIGN_CORNERS", [0.0, 0.1, 0.5, 0.9, 1.0]),
        ("STRICT_ALIGN_CORNERS", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("ALIGN_CORNERS", [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("DEFAULT", [0.0, 0.4, 0.8, 1.0, 1.0]),
        ("OFFSET_CORNERS", [0.1, 0.3, 0.5, 0.7, 0.9]),
        ("UNALIGN_CORNERS", [0.0, 0.0, 1 / 3, 2 / 3, 1.0, 1.0]),
        ("ALIGN_CORNERS", [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ("DEFAULT", [0.0, 1 / 3, 2 / 3, 1.0, 1.0, 1.0]),
        ("OFFSET_CORNERS", [1 / 12, 0.25, 5 / 12, 7 / 12, 0.75, 11 / 12]),
        ("ALIGN_CORNERS", [0.5]),
        ("STRICT_ALIGN_CORNERS", [0.0]),
    ],
)
def test_sampling_modes(mode: str, points: list[float]) -> None:
    target: dict[str, Any] = {"target_size_height": 1, "target_size_width": len(points), "sampling_mode": mode}
    flat = run("resize_bilinear", "float32", x=LINE, **target)
    np.testing.assert_allclose(flat[0, 0], points, atol=1e-6)
    image = run("resize_bilinear", "float32", x=LINE[None], **target)  # rank 4 has a path of its own
    np.testing.assert_allclose(image[0, 0, 0], points, atol=1e-6)
    new = run(
        "resize",
        "float32",
        x=LINE,
        shape=[1, len(points)],
        resized_dims=Const(np.uint32(2)),
        sampling_mode=mode,
        opset="CoreML7",
    )
    assert np.array_equal(new, flat)


@pytest.mark.parametrize("size", [(5, 5), (3, 8), (9, 2), (1, 1)])
@pytest.mark.parametrize("mode", ["STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "UNALIGN_CORNERS"])
def test_the_fast_path_agrees_with_the_general_one(size: tuple[int, int], mode: str) -> None:
    x = _random(2, 3, 5, 5)
    target: dict[str, Any] = {
        "target_size_height": size[0],
        "target_size_width": size[1],
        "sampling_mode": mode,
    }
    fast = run("resize_bilinear", "float32", x=x, **target)
    general = run("resize_bilinear", "float32", x=x[None], **target)[0]
    np.testing.assert_allclose(fast, general, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "points"),
    [
        ({"align_corners": True}, [1.0, 1.2, 1.4, 1.6, 1.8, 2.0]),
        ({"align_corners": True, "half_pixel_centers": False}, [1.0, 1.2, 1.4, 1.6, 1.8, 2.0]),
        ({"align_corners": False}, [1.0, 1.0, 4 / 3, 5 / 3, 2.0, 2.0]),
        ({"align_corners": False, "half_pixel_centers": True}, [1.0, 1.0, 4 / 3, 5 / 3, 2.0, 2.0]),
        ({"align_corners": False, "half_pixel_centers": False}, [1.0, 4 / 3, 5 / 3, 2.0, 2.0, 2.0]),
    ],
)
def test_upsample_bilinear(options: dict[str, bool], points: list[float]) -> None:
    x = (LINE + 1)[None]
    got = run(
        "upsample_bilinear", "float32", x=x, scale_factor_height=2, scale_factor_width=3, opset="CoreML6", **options
    )
    np.testing.assert_allclose(got[0, 0], [points, points], atol=1e-6)


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize("factors", [(3, 4), (2.5, 2.0), (0.5, 0.75)])
def test_upsample_bilinear_is_torchs_with_the_factor_recomputed(align: bool, factors: tuple[float, float]) -> None:
    x = _random(2, 3, 10, 22)
    want = F.interpolate(
        torch.from_numpy(x), scale_factor=factors, mode="bilinear", align_corners=align, recompute_scale_factor=True
    )
    got = run(
        "upsample_bilinear",
        "float32",
        x=x,
        scale_factor_height=factors[0],
        scale_factor_width=factors[1],
        align_corners=align,
    )
    np.testing.assert_allclose(got, want.numpy(), atol=1e-5)


def test_a_factor_that_float32_cannot_hold_gives_the_size_that_was_declared() -> None:
    got = run("upsample_nearest_neighbor", "float32[1,3,1]", x=_random(1, 3, 3), scale_factor_width=1 / 3)
    assert got.shape == (1, 3, 1)


@pytest.mark.parametrize("rank", [3, 4, 5])
@pytest.mark.parametrize(
    ("factors", "want"), [((1, 2), [0, 0, 1, 1, 2, 2]), ((3.17, 0.67), [0, 1]), ((2.0, 1.12), [0, 1, 2])]
)
def test_upsample_nearest_neighbor(rank: int, factors: tuple[float, float], want: list[int]) -> None:
    x = np.arange(3, dtype=np.float32).reshape(*[1] * (rank - 1), 3)
    got = run(
        "upsample_nearest_neighbor", "float16", x=x, scale_factor_height=factors[0], scale_factor_width=factors[1]
    )
    assert got.shape == (*[1] * (rank - 2), int(factors[0]), len(want))
    assert np.all(got == want)


@pytest.mark.parametrize(("size", "target"), [(2, 3), (3, 7), (7, 3), (4, 8), (5, 5), (8, 2)])
def test_resize_nearest_neighbor_aligns_the_middles(size: int, target: int) -> None:
    x = _random(1, 2, size, 4)
    want = F.interpolate(torch.from_numpy(x), size=(target, 4), mode="nearest-exact").numpy()
    got = run("resize_nearest_neighbor", "float32", x=x, target_size_height=target, target_size_width=4)
    assert np.array_equal(got, want)
    for mode in ("DEFAULT", "UNALIGN_CORNERS"):
        new = run(
            "resize",
            "float32",
            x=x,
            shape=np.array([target, 0], np.int32),
            resized_dims=Const(np.uint32(2)),
            interpolation_mode="NEAREST_NEIGHBOR",
            sampling_mode=mode,
            opset="CoreML7",
        )
        assert np.array_equal(new, want)


def test_resize_nearest_with_aligned_corners_and_whole_numbers() -> None:
    x = np.arange(5, dtype=np.int32)
    got = run(
        "resize",
        "int32",
        x=x,
        shape=[3],
        resized_dims=Const(np.uint32(1)),
        interpolation_mode="NEAREST_NEIGHBOR",
        sampling_mode="STRICT_ALIGN_CORNERS",
        opset="CoreML7",
    )
    assert got.tolist() == [0, 2, 4]


def test_resize_keeps_the_axes_it_is_not_asked_for() -> None:
    """The first example of the documentation, and more than two axes."""
    x = _random(1, 2, 3, 4)
    resize: dict[str, Any] = {"x": x, "opset": "CoreML7"}
    assert run("resize", "float32[1,2,6,8]", shape=[1, 6, 8], resized_dims=Const(np.uint32(2)), **resize).shape[1] == 2
    got = run("resize", "float32", shape=[3, 0, 0], resized_dims=Const(np.uint32(3)), **resize)
    np.testing.assert_allclose(got[:, 1], x[:, 0] / 3 + x[:, 1] * 2 / 3, atol=1e-6)  # positions 0, 2/3, 1
    assert np.array_equal(run("resize", "float32", shape=[0, 0], resized_dims=Const(np.uint32(0)), **resize), x)


def test_crop() -> None:
    x = _random(2, 1, 5, 6)
    assert np.array_equal(run("crop", "float32", x=x, crop_height=[0, 1], crop_width=[2, 3]), x[..., :4, 2:3])


@pytest.mark.parametrize(
    ("op", "parameters", "why"),
    [
        ("resize_bilinear", {"sampling_mode": "HALF"}, "no sampling_mode 'HALF'"),
        ("resize_bilinear", {"target_size_height": 0}, "cannot be resized to"),
        ("resize_bilinear", {"target_size_height": 2**20, "target_size_width": 2**20}, "has more than"),
        ("resize_nearest_neighbor", {"target_size_height": -1, "target_size_width": 1}, "cannot be resized to"),
        ("upsample_nearest_neighbor", {"scale_factor_height": 0.1}, "cannot be resized to"),
        ("upsample_bilinear", {"align_corners": True, "half_pixel_centers": True}, "exclude each other"),
        ("upsample_bilinear", {"x": LINE[0]}, "at least 3 axes"),
        ("crop", {"crop_height": [0, 9], "crop_width": [0, 0]}, "cannot be cut"),
        ("crop", {"crop_height": [0, -1], "crop_width": [0, 0]}, "a crop of"),
        ("resize", {"shape": [2, 2], "resized_dims": Const(np.uint32(3))}, "do not fit"),
        ("resize", {"shape": [2, 2], "resized_dims": Const(np.uint32(2)), "interpolation_mode": "CUBIC"}, "'CUBIC'"),
        ("resize", {"shape": [2, 2], "resized_dims": Const(np.uint32(2)), "sampling_mode": "x"}, "no sampling_mode"),
        ("resize", {"shape": [2], "resized_dims": Const(np.uint32(1)), "x": np.zeros(4, np.int32)}, "is not known"),
    ],
)
def test_what_is_refused(op: str, parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(PortproofError, match=why):
        run(op, "float32", opset="CoreML7", **{"x": LINE[None], **parameters})

import numpy as np
import pytest

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.lowering.sampling import Axis, Rule, coordinates, matrix, nearest, outside
from portproof.exporter.tflite.make.resizing import FLAGS, Flags, kernel_matrix, kernel_nearest


def axis(size: int, out: int, **fields) -> Axis:
    return Axis(size=size, out=out, **({"scale": out / size} | fields))


@pytest.mark.parametrize(
    ("transform", "places"),
    [
        ("half_pixel", [-0.25, 0.25, 0.75, 1.25]),
        ("asymmetric", [0, 0.5, 1, 1.5]),
        ("align_corners", [0, 1 / 3, 2 / 3, 1]),
        ("tf_half_pixel_for_nn", [0.25, 0.75, 1.25, 1.75]),
        ("half_pixel_symmetric", [-0.25, 0.25, 0.75, 1.25]),
    ],
)
def test_coordinates(transform: str, places: list[float]) -> None:
    np.testing.assert_allclose(coordinates(axis(2, 4), transform), places, atol=1e-6)


def test_one_sample() -> None:
    assert coordinates(axis(4, 1), "pytorch_half_pixel") == [0]
    assert coordinates(axis(4, 1), "align_corners") == [0]
    assert coordinates(axis(4, 1), "half_pixel") == [1.5]
    assert coordinates(axis(5, 1, roi=(0.5, 1)), "tf_crop_and_resize") == [3]


@pytest.mark.parametrize(
    ("mode", "sources"),
    [("round_prefer_floor", [0, 2]), ("round_prefer_ceil", [1, 3]), ("floor", [0, 2]), ("ceil", [1, 3])],
)
def test_ties(mode: str, sources: list[int]) -> None:
    assert nearest(axis(4, 2), Rule(nearest_mode=mode)).tolist() == sources


def test_rows_of_weights_sum_to_one() -> None:
    for mode in ("linear", "cubic"):
        for antialias in (False, True):
            rule = Rule(mode=mode, antialias=antialias)
            np.testing.assert_allclose(matrix(axis(9, 4), rule).sum(axis=1), 1, atol=1e-6)


def test_antialias_of_a_growing_axis_changes_nothing() -> None:
    plain, wide = (matrix(axis(4, 9), Rule(mode="linear", antialias=flag)) for flag in (False, True))
    np.testing.assert_allclose(plain, wide, atol=1e-6)


def test_samples_outside_the_crop() -> None:
    crop = Rule(mode="linear", transform="tf_crop_and_resize")
    wide = axis(5, 3, roi=(-0.5, 1.0))
    assert outside(wide, crop).tolist() == [True, False, False]
    assert not matrix(wide, crop)[0].any()
    assert not outside(wide, Rule()).any()


def test_the_kernels_samples() -> None:
    half, corners, plain = FLAGS
    assert kernel_nearest(4, 2, half).tolist() == [1, 3]
    assert kernel_nearest(4, 2, plain).tolist() == [0, 2]
    assert kernel_nearest(4, 2, corners).tolist() == [0, 3]
    np.testing.assert_allclose(kernel_matrix(2, 3, corners), [[1, 0], [0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(kernel_matrix(2, 4, half)[:2], [[1, 0], [0.75, 0.25]])
    assert Flags(align_corners=False, half_pixel_centers=False) == plain


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(Refusal, match="upside_down"):
        coordinates(axis(2, 4), "upside_down")
    with pytest.raises(Refusal, match="farthest"):
        nearest(axis(2, 4), Rule(nearest_mode="farthest"))


def test_samples_that_rounding_errors_decide_are_refused() -> None:
    # 4 / (8 / 7) is 3.5, and 3.4999998 in float32.
    rule = Rule(transform="asymmetric", nearest_mode="round_prefer_ceil")
    with pytest.raises(Refusal, match="rounding errors"):
        nearest(axis(7, 8), rule)
    assert nearest(axis(8, 4), rule).tolist() == [0, 2, 4, 6]
    assert nearest(axis(7, 8), Rule(transform="asymmetric", nearest_mode="floor")).tolist() == [0, 0, 1, 2, 3, 4, 5, 6]

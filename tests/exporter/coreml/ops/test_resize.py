"""Resize and Upsample."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model
from tests.exporter.tflite.ops.test_resize import resize

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.lower import lower

TRANSFORMS = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric"]
NEAREST_MODES = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
SIZES = [[1, 2, 8, 8], [1, 2, 2, 3], [1, 2, 1, 7]]
HOW: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}


def _cases(x: np.ndarray, options: Sequence[dict[str, Any]]) -> dict[str, tuple[ir.Model, dict[str, np.ndarray]]]:
    return {f"c{place}": (resize(x, **given), {"x": x}) for place, given in enumerate(options)}


def test_nearest() -> None:
    options = [
        {"sizes": sizes, "coordinate_transformation_mode": transform, "nearest_mode": mode}
        for sizes, transform, mode in list(itertools.product(SIZES, TRANSFORMS, NEAREST_MODES))[::3]
    ]
    check_all(_cases(grid(1, 2, 4, 4), options), rtol=0, atol=0)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_weighted(mode: str) -> None:
    options = [
        {"sizes": sizes, "coordinate_transformation_mode": transform, "mode": mode}
        for sizes, transform in itertools.product(SIZES, TRANSFORMS)
    ]
    check_all(_cases(grid(1, 2, 4, 4), options), **HOW)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_scales_that_do_not_fit_the_sizes(mode: str) -> None:
    scales = [[1, 1, 2, 2], [1, 1, 1.3, 0.6], [1, 1, 0.5, 3.7]]
    options = [
        {"scales": factors, "coordinate_transformation_mode": transform, "mode": mode}
        for factors, transform in itertools.product(scales, TRANSFORMS)
        if transform != "align_corners"
    ]
    check_all(_cases(grid(1, 2, 5, 4), options), **HOW)


def test_antialias_and_cubic_attributes() -> None:
    sizes = [[1, 2, 3, 4], [1, 2, 5, 2], [1, 2, 12, 3]]
    options: list[dict[str, Any]] = [
        {"sizes": size, "mode": mode, "antialias": 1, "exclude_outside": outside}
        for size, mode, outside in itertools.product(sizes, ["linear", "cubic"], [0, 1])
    ]
    options.append({"sizes": [1, 2, 7, 9], "mode": "cubic", "cubic_coeff_a": -0.5, "exclude_outside": 1})
    check_all(_cases(grid(1, 2, 8, 8), options), **HOW)


def test_crops() -> None:
    rois = [[0, 0, 0.2, 0.1, 1, 1, 0.8, 0.9], [0, 0, -0.3, 0.5, 1, 1, 0.9, 1.6]]
    fixed = {"coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 10.0}
    options = [
        {"sizes": [1, 1, 4, 6], "roi": roi, "mode": mode, **fixed}
        for roi, mode in itertools.product(rois, ["nearest", "linear", "cubic"])
    ]
    check_all(_cases(grid(1, 1, 5, 5), options), **HOW)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((5,), [8]),
        ((4, 5), [8, 10]),
        ((2, 3, 4), [2, 3, 8]),
        ((1, 2, 3, 4, 2), [1, 2, 6, 8, 4]),
        ((3, 2, 4), [5, 3, 4]),
    ],
)
def test_ranks_and_axes(mode: str, shape: tuple[int, ...], sizes: list[int]) -> None:
    x = grid(*shape)
    check(resize(x, sizes=sizes, mode=mode), {"x": x}, **HOW, oracle="reference")


@pytest.mark.parametrize(
    ("options", "expect"),
    [
        ({"scales": [1, 1, 2, 3]}, ["upsample_nearest_neighbor"]),
        ({"scales": [1, 1, 2, 3], "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
         ["upsample_nearest_neighbor"]),
        ({"scales": [1, 1, 2, 2], "mode": "linear"}, ["upsample_bilinear"]),
        ({"sizes": [1, 2, 6, 8], "mode": "linear", "coordinate_transformation_mode": "align_corners"},
         ["upsample_bilinear"]),
        ({"sizes": [1, 2, 7, 9], "mode": "linear"}, ["resize_bilinear"]),
        ({"sizes": [1, 2, 5, 7], "mode": "linear", "coordinate_transformation_mode": "asymmetric"},
         ["resize_bilinear"]),
        ({"sizes": [1, 2, 7, 9], "mode": "cubic"}, ["matmul", "matmul"]),
        ({"sizes": [1, 2, 5, 4]}, ["gather"]),
    ],
)  # fmt: skip
def test_operators(options: dict[str, Any], expect: list[str]) -> None:
    x = grid(1, 2, 3, 4)
    check(resize(x, **options), {"x": x}, **HOW, expect=expect)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_policies_and_axes_named(policy: str) -> None:
    x = grid(1, 2, 4, 6)
    model = resize(x, sizes=[7, 8], axes=[2, 3], keep_aspect_ratio_policy=policy, mode="linear")
    check(model, {"x": x}, **HOW)


def test_integers() -> None:
    x = np.arange(12, dtype=np.int32).reshape(1, 1, 3, 4)
    check(resize(x, scales=[1, 1, 2, 2]), {"x": x}, float16=False)
    with pytest.raises(PortproofError, match="rounds whole numbers"):
        run(resize(x, scales=[1, 1, 2, 2], mode="linear"), {"x": x})


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample(mode: str) -> None:
    x = grid(1, 2, 3, 4)
    for opset, constants, given in (
        (7, {}, {"scales": [1.0, 1.0, 2.0, 1.5]}),
        (9, {"s": np.array([1, 1, 2, 3], np.float32)}, {}),
    ):
        check(node_model("Upsample", {"x": x}, constants=constants, opset=opset, mode=mode, **given), {"x": x}, **HOW)


def test_scales_computed_at_run_time() -> None:
    fed = {"x": grid(1, 2, 3, 4), "s": np.array([1, 1, 2, 2], np.float32)}
    model = node_model("Resize", fed, order=["x", "", "s"])
    with pytest.raises(PortproofError, match="scales is computed at run time"):
        lower(model, target="iOS16")

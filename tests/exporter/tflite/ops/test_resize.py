import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, node_model, ops_of
from tests.exporter.tflite.ops.samples import SMALL, normal, refusal, whole

from portproof.exporter.provenance import MODULE

TRANSFORMS = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners", "half_pixel_symmetric"]
NEAREST_MODES = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def resize(x: np.ndarray, *, scales=None, sizes=None, roi=None, **attributes):
    given = {"roi": (roi, np.float32), "scales": (scales, np.float32), "sizes": (sizes, np.int64)}
    constants = {name: np.array(value, dtype) for name, (value, dtype) in given.items() if value is not None}
    order = ["x", *(name if name in constants else "" for name in given)]
    return node_model("Resize", {"x": x}, constants=constants, order=order, **attributes)


def near(model, x: np.ndarray, **keywords) -> None:
    check(model, {"x": x}, rtol=1e-4, atol=1e-5, **keywords)


SIZES = [[1, 2, 8, 8], [1, 2, 2, 3], [1, 2, 1, 7]]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("nearest", NEAREST_MODES)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_nearest(transform: str, nearest: str, sizes: list[int]) -> None:
    x = normal(1, 2, 4, 4)
    model = resize(x, sizes=sizes, coordinate_transformation_mode=transform, nearest_mode=nearest)
    check(model, {"x": x}, rtol=0, atol=0)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_weighted(transform: str, sizes: list[int], mode: str) -> None:
    x = normal(1, 2, 4, 4)
    near(resize(x, sizes=sizes, mode=mode, coordinate_transformation_mode=transform), x)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("scales", [[1, 1, 2, 2], [1, 1, 1.3, 0.6], [1, 1, 0.5, 3.7]], ids=str)
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_scales_that_do_not_fit_the_sizes(transform: str, scales: list[float], mode: str) -> None:
    x = normal(1, 2, 5, 4)
    model = resize(x, scales=scales, mode=mode, coordinate_transformation_mode=transform)
    if transform == "align_corners" and scales[-1] != 2:  # disputed, unless torch wrote it
        assert "align_corners" in refusal(model)
        model.graph[0].metadata_props[MODULE] = "up"
    near(model, x)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
@pytest.mark.parametrize("outside", [0, 1])
@pytest.mark.parametrize("sizes", [[1, 2, 3, 4], [1, 2, 5, 2], [1, 2, 12, 3]], ids=str)
def test_antialias(sizes: list[int], outside: int, mode: str) -> None:
    x = normal(1, 2, 8, 8)
    near(resize(x, sizes=sizes, mode=mode, antialias=1, exclude_outside=outside), x)


def test_cubic_attributes() -> None:
    x = normal(1, 1, 4, 4)
    near(resize(x, sizes=[1, 1, 7, 9], mode="cubic", cubic_coeff_a=-0.5, exclude_outside=1), x)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("roi", [[0, 0, 0.2, 0.1, 1, 1, 0.8, 0.9], [0, 0, -0.3, 0.5, 1, 1, 0.9, 1.6]], ids=str)
def test_crop(roi: list[float], mode: str) -> None:
    x = normal(1, 1, 5, 5)
    attributes = {"coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 10.0}
    near(resize(x, sizes=[1, 1, 4, 6], roi=roi, mode=mode, **attributes), x)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        ((1, 2, 5), [1, 2, 8]),
        ((2, 3, 2, 3, 4), [2, 3, 4, 6, 8]),
        ((1, 2, 3, 3, 3), [1, 2, 3, 3, 6]),
        ((3, 4), [6, 2]),
    ],
    ids=str,
)
def test_other_ranks(shape: tuple[int, ...], sizes: list[int], mode: str) -> None:
    x = normal(*shape)
    near(resize(x, sizes=sizes, mode=mode), x, oracle="reference")


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_channels_last_models(mode: str) -> None:
    x = normal(1, 4, 4, 3)
    near(resize(x, sizes=[1, 8, 6, 3], mode=mode), x, oracle="reference")


@pytest.mark.parametrize("policy", ["stretch", "not_larger", "not_smaller"])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_axes_and_policy(policy: str, mode: str) -> None:
    x = normal(1, 2, 4, 6)
    near(resize(x, sizes=[7, 8], axes=[3, 2], keep_aspect_ratio_policy=policy, mode=mode), x)
    near(resize(x, scales=[2, 0.5], axes=[2, -1], mode=mode), x)


def test_images_of_the_field_are_one_kernel() -> None:
    x = normal(1, 2, 4, 4)
    bilinear = {"RESIZE_BILINEAR": 1, "TRANSPOSE": 2}
    for transform in ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"):
        model = resize(x, sizes=[1, 2, 8, 8], mode="linear", coordinate_transformation_mode=transform)
        assert ops_of(model) == bilinear
    model = resize(x, scales=[1, 1, 2, 2], coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    assert ops_of(model) == {"RESIZE_NEAREST_NEIGHBOR": 1, "TRANSPOSE": 2}


@pytest.mark.parametrize("dtype", ["float16", "int8", "uint8", "int32", "int64"])
def test_types(dtype: str) -> None:
    x = whole(1, 2, 3, 3, dtype=dtype)
    check(resize(x, sizes=[1, 2, 6, 5]), {"x": x}, oracle="reference")
    if dtype == "float16":
        near_half = resize(x, sizes=[1, 2, 6, 5], mode="linear")
        check(near_half, {"x": x}, oracle="reference", rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("opset", [10, 11, 13, 18, 19])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
@pytest.mark.parametrize("scales", [[1, 1, 2, 3], [1, 1, 0.6, 0.5]], ids=str)
def test_versions(scales: list[float], mode: str, opset: int) -> None:
    x, constants = normal(1, 2, 4, 5), {"scales": np.array(scales, np.float32)}
    if opset == 10:
        near(node_model("Resize", {"x": x}, constants=constants, opset=10, mode=mode), x)
        return
    constants |= {"roi": np.zeros(0, np.float32)}
    near(node_model("Resize", {"x": x}, constants=constants, order=["x", "roi", "scales"], opset=opset, mode=mode), x)


def test_coordinates_for_nearest_of_opset_11() -> None:
    x = normal(1, 2, 4, 5)
    mode = {"coordinate_transformation_mode": "tf_half_pixel_for_nn", "nearest_mode": "floor", "opset": 11}
    near(resize(x, sizes=[1, 2, 7, 8], roi=[], scales=[], **mode), x)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_upsample(mode: str) -> None:
    x, scales = normal(1, 2, 3, 4), [1.0, 1.0, 2.0, 1.5]
    near(node_model("Upsample", {"x": x}, scales=scales, mode=mode, opset=7), x)
    constants = {"scales": np.array(scales, np.float32)}
    near(node_model("Upsample", {"x": x}, constants=constants, mode=mode, opset=9), x)


@SMALL
@given(st.data())
def test_any_sizes(data: st.DataObject) -> None:
    mode = data.draw(st.sampled_from(["nearest", "linear", "cubic"]))
    transform = data.draw(st.sampled_from(TRANSFORMS))
    x = normal(1, 2, *(data.draw(st.integers(1, 9)) for _ in range(2)))
    sizes = [1, 2, *(data.draw(st.integers(1, 12)) for _ in range(2))]
    near(resize(x, sizes=sizes, mode=mode, coordinate_transformation_mode=transform), x)


def test_integers_are_not_interpolated() -> None:
    assert "rounds uint8" in refusal(resize(whole(1, 1, 2, 2, dtype="uint8"), sizes=[1, 1, 4, 4], mode="linear"))


def test_sizes_computed_at_run_time_are_refused_without_a_declared_shape() -> None:
    inputs = {"x": normal(1, 1, 2, 2), "sizes": np.array([1, 1, 4, 4])}
    model = node_model("Resize", inputs, order=["x", "", "", "sizes"])
    assert "sizes, computed at run time" in refusal(model)


def test_antialias_of_nearest_is_refused() -> None:
    assert "antialias" in refusal(resize(normal(1, 1, 4, 4), sizes=[1, 1, 2, 2], antialias=1))


def test_scales_at_the_edge_of_rounding_are_refused() -> None:
    # 10 times the float32 next to 1.3 is 13 in float32 and 12.99... in float64.
    model = resize(normal(1, 1, 10, 4), scales=[1, 1, 1.3, 1])
    assert "give sizes" in refusal(model)


def test_scales_that_change_no_size_are_refused() -> None:
    assert "change no size" in refusal(resize(normal(1, 1, 2, 2), scales=[1, 1, 1.3, 1], mode="linear"))

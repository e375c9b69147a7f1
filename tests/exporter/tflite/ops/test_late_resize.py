"""Resize by scales, sizes or regions computed at run time, to the sizes that the model declares."""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import check, onnx_outputs, tflite_outputs
from tests.exporter.tflite.ops.samples import SMALL, normal, refusal, whole
from tests.exporter.tflite.ops.test_late_parameters import declared

from portproof.exporter.provenance import MODULE
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

TRANSFORMS = ("half_pixel", "pytorch_half_pixel", "asymmetric", "half_pixel_symmetric")


def floats(numbers: Sequence[float] | None) -> np.ndarray | None:
    return None if numbers is None else np.array(numbers, np.float32)


def agrees(
    x: np.ndarray,
    out: Sequence[int],
    *,
    scales: Sequence[float] | None = None,
    sizes: Sequence[int] | None = None,
    roi: Sequence[float] | None = None,
    **options: Any,
) -> None:
    given = [x, floats(roi), floats(scales), None if sizes is None else np.array(sizes)]
    while given[-1] is None:
        given.pop()
    model, fed = declared("Resize", given, out, **options)
    check(model, fed, rtol=1e-4, atol=2e-5)
    want = onnx_outputs(model, fed)["y"]
    got = tflite_outputs(write(lower(model)), fed, reference=True)["y"]
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_scales(mode: str, transform: str) -> None:
    for factor, out in ((1.6, 6), (0.6, 2)):
        options = {"mode": mode, "coordinate_transformation_mode": transform}
        agrees(normal(1, 2, 4, 4), (1, 2, out, out), scales=[1, 1, factor, factor], **options)
        agrees(normal(1, 2, 4, 4), (1, 2, 4, out), scales=[factor], axes=[-1], **options)


@pytest.mark.parametrize("mode", ["linear", "cubic"])
def test_wider_filters(mode: str) -> None:
    for factor, out in ((2.3, 11), (0.5, 2), (0.24, 1)):
        scales, shape = [1, 1, factor, factor], (1, 2, out, out)
        agrees(normal(1, 2, 5, 5), shape, scales=scales, mode=mode, antialias=1)
        options = {"exclude_outside": 1, "cubic_coeff_a": -0.5, "antialias": int(mode == "linear")}
        agrees(normal(1, 2, 5, 5), shape, scales=scales, mode=mode, **options)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_the_aspect_ratio_is_kept(policy: str) -> None:
    out = 7 if policy == "not_larger" else 8
    agrees(normal(1, 2, 4, 4), (1, 2, out, out), sizes=[7, 8], axes=[2, 3], keep_aspect_ratio_policy=policy)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("out", [(3, 3), (1, 5)])
def test_regions(mode: str, out: tuple[int, int]) -> None:
    options = {"mode": mode, "coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 9.0}
    roi = [0, 0, 0.31, -0.2, 1, 1, 0.8, 1.3]
    agrees(normal(1, 2, 4, 4), (1, 2, *out), roi=roi, sizes=[1, 2, *out], **options)
    agrees(normal(1, 2, 4, 4), (1, 2, *out), roi=[0.31, -0.2, 0.8, 1.3], sizes=out, axes=[2, 3], **options)


@pytest.mark.parametrize("rounding", ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"])
def test_rounding_and_integers(rounding: str) -> None:
    x = whole(1, 1, 5, 5, dtype="uint8")
    agrees(x, (1, 1, 8, 8), scales=[1, 1, 1.7, 1.7], nearest_mode=rounding)
    agrees(x.astype(np.int32), (1, 1, 8, 8), scales=[1, 1, 1.7, 1.7], nearest_mode=rounding)


@pytest.mark.parametrize(("op", "opset"), [("Resize", 10), ("Upsample", 9)])
@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_old_forms(op: str, opset: int, mode: str) -> None:
    x = normal(1, 2, 3, 3)
    model, fed = declared(op, [x, floats([1, 1, 2, 1.5])], (1, 2, 6, 4), opset=opset, mode=mode)
    check(model, fed)


def test_another_size_than_declared_is_seen() -> None:
    x = normal(1, 1, 2, 2)
    model, fed = declared("Resize", [x, None, floats([1, 1, 2, 2])], (1, 1, 4, 4))
    with contextlib.suppress(RuntimeError, ValueError):
        wrong = tflite_outputs(write(lower(model)), {**fed, "i2": floats([1, 1, 3, 3])})["y"]
        assert wrong.shape != (1, 1, 4, 4)


def test_what_is_refused() -> None:
    x, scales = normal(1, 1, 4, 4), floats([1, 1, 1.3, 1.3])
    aligned = {"coordinate_transformation_mode": "align_corners", "mode": "linear"}
    model, _ = declared("Resize", [x, None, scales], (1, 1, 5, 5), **aligned)
    assert "align_corners" in refusal(model)
    model.graph[0].metadata_props[MODULE] = "up"  # torch says which of the two it means
    assert lower(model)
    assert "no size" in refusal(declared("Resize", [x, None, scales], x.shape)[0])
    assert "rounds uint8" in refusal(
        declared("Resize", [x.astype("uint8"), None, scales], (1, 1, 5, 5), mode="linear")[0]
    )
    assert "antialias" in refusal(declared("Resize", [x, None, scales], (1, 1, 5, 5), antialias=1)[0])


@SMALL
@given(st.data())
def test_any_scale(data: st.DataObject) -> None:
    size, factor = data.draw(st.integers(1, 6)), data.draw(st.integers(3, 40)) / 8
    out = int(np.floor(np.float32(size) * np.float32(factor)))
    if out in (0, size):
        return
    options = {"mode": data.draw(st.sampled_from(["linear", "cubic"])), "antialias": data.draw(st.integers(0, 1))}
    agrees(normal(1, 1, size, size), (1, 1, out, out), scales=[1, 1, factor, factor], **options)

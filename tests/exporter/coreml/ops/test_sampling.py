"""GridSample, AffineGrid, RoiAlign, DeformConv."""

import itertools
from typing import Any

import numpy as np
import pytest
from tests.exporter.coreml.harness import check, check_all, run
from tests.exporter.coreml.ops.samples import grid
from tests.exporter.tflite.harness import node_model

from portproof.device_profiles.errors import PortproofError

HOW: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4}
RNG = np.random.default_rng(5)


def _places(*shape: int) -> np.ndarray:
    return RNG.uniform(-1.4, 1.4, shape).astype(np.float32)


@pytest.mark.parametrize("mode", ["nearest", "linear"])
def test_images(mode: str) -> None:
    fed = {"x": grid(2, 3, 4, 5), "g": _places(2, 3, 6, 2)}
    cases: dict[str, Any] = {
        f"{padding}{corners}": (
            node_model("GridSample", fed, opset=22, mode=mode, padding_mode=padding, align_corners=corners),
            fed,
        )
        for padding, corners in itertools.product(["zeros", "border", "reflection"], [0, 1])
    }
    check_all(cases, **HOW, expect=["resample"] * 6)


@pytest.mark.parametrize(("padding", "corners"), [("zeros", 0), ("border", 1), ("reflection", 0)])
def test_cubic_images(padding: str, corners: int) -> None:
    fed = {"x": grid(2, 3, 4, 5), "g": _places(2, 3, 6, 2)}
    model = node_model("GridSample", fed, opset=22, mode="cubic", padding_mode=padding, align_corners=corners)
    check(model, fed, **HOW, float16=padding == "zeros")


@pytest.mark.parametrize(("mode", "padding"), [("nearest", "reflection"), ("linear", "border")])
def test_volumes(mode: str, padding: str) -> None:
    fed = {"x": grid(1, 2, 3, 4, 3), "g": _places(1, 2, 3, 2, 3)}
    model = node_model("GridSample", fed, opset=22, mode=mode, padding_mode=padding)
    check(model, fed, **HOW, float16=False)


@pytest.mark.parametrize("corners", [0, 1])
def test_affine_maps(corners: int) -> None:
    flat, solid = {"t": _places(2, 2, 3)}, {"t": _places(1, 3, 4)}
    cases: dict[str, Any] = {}
    for name, fed, size in (("flat", flat, [2, 1, 3, 4]), ("solid", solid, [1, 1, 2, 3, 2])):
        constants = {"s": np.array(size)}
        cases[name] = node_model("AffineGrid", fed, constants=constants, align_corners=corners), fed
    check_all(cases, **HOW, oracle="reference")


def test_a_map_onto_an_axis_of_one() -> None:
    fed = {"t": _places(1, 2, 3)}
    model = node_model("AffineGrid", fed, constants={"s": np.array([1, 1, 1, 3])}, align_corners=1)
    with pytest.raises(PortproofError, match="divides by 0"):
        run(model, fed)


@pytest.mark.parametrize(
    ("ratio", "mode", "transform"),
    [(0, "avg", "half_pixel"), (2, "avg", "output_half_pixel"), (2, "max", "half_pixel")],
)
def test_regions(ratio: int, mode: str, transform: str) -> None:
    rois = np.array([[0, 0, 7, 5], [1.5, 2, 9, 4], [4, 1, 4.5, 1.2]], np.float32)
    late = {"r": rois, "i": np.array([0, 1, 1])}
    x = {"x": grid(2, 3, 6, 8)}
    fed, constants = (x, late) if ratio == 0 else ({**x, **late}, {})
    given = {"mode": mode, "output_height": 2, "output_width": 3, "sampling_ratio": ratio, "spatial_scale": 0.8}
    order = ["x", "r", "i"]
    model = node_model(
        "RoiAlign", fed, constants=constants, order=order, opset=16, coordinate_transformation_mode=transform, **given
    )
    check(model, fed, **HOW, float16=ratio > 0)


def test_regions_that_decide_how_often_they_are_sampled() -> None:
    fed = {"x": grid(1, 1, 4, 4), "r": np.zeros((1, 4), np.float32), "i": np.array([0])}
    with pytest.raises(PortproofError, match="sampling_ratio=0"):
        run(node_model("RoiAlign", fed, sampling_ratio=0), fed)


def test_moved_taps() -> None:
    x, w = grid(2, 4, 5, 6), grid(4, 2, 3, 2, seed=1)
    out = (3, 5)
    fed = {"x": x, "o": RNG.uniform(-1, 1, (2, 2 * 2 * 6, *out)).astype(np.float32)}
    fixed = {"w": w, "bias": grid(4, seed=2)}
    model = node_model("DeformConv", fed, constants=fixed, order=["x", "w", "o", "bias"], group=2, offset_group=2)
    check(model, fed, **HOW, float16=False)
    fed["m"] = RNG.uniform(0, 1, (2, 6, 5, 7)).astype(np.float32)
    fed["o"] = RNG.uniform(-1, 1, (2, 12, 5, 7)).astype(np.float32)
    model = node_model(
        "DeformConv", fed, constants=fixed, order=["x", "w", "o", "bias", "m"], group=2, pads=[1, 1, 1, 1]
    )
    check(model, fed, **HOW)

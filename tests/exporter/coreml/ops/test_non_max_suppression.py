"""NonMaxSuppression."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import Case, case, check_cases, refused
from tests.exporter.tflite.harness import node_model

RNG = np.random.default_rng(3)
NAMES = ("most", "iou", "least")


def boxes(images: int, count: int) -> np.ndarray:
    """Corners of any two opposite ends; many that overlap."""
    return np.asarray(np.round(RNG.random((images, count, 4), np.float32) * 4) / 4 + RNG.random((images, count, 4)) / 8)


def suppressed(*parameters: float, center_point_box: int = 0) -> Case:
    types = (np.int64, np.float32, np.float32)
    given = {name: np.array([value], kind) for name, value, kind in zip(NAMES, parameters, types, strict=False)}
    return case("NonMaxSuppression", " ".join(["b", "s", *given]), constants=given, center_point_box=center_point_box)


@pytest.mark.parametrize(("images", "classes", "count", "target"), [(1, 1, 8, "iOS16"), (2, 3, 9, "iOS18")])
def test_images_and_classes(images: int, classes: int, count: int, target: str) -> None:
    scores = RNG.permutation(images * classes * count).reshape(images, classes, count).astype(np.float32) / 100
    inputs = {"b": boxes(images, count).astype(np.float32), "s": scores}
    cases = [suppressed(3, 0.3, 0.03), suppressed(99, 0.5), suppressed(2), suppressed(4, 0.5, 0.1, center_point_box=1)]
    cases += [suppressed(9, 0.4, float(np.sort(scores)[..., -2].min()))]
    check_cases(cases, inputs, target=target)


def test_equal_boxes_are_one_and_boxes_apart_are_all() -> None:
    same = np.tile(np.array([0, 0, 1, 1], np.float32), (1, 6, 1))
    scores = np.linspace(0.9, 0.1, 6, dtype=np.float32).reshape(1, 1, 6)
    apart = same + np.arange(6, dtype=np.float32)[None, :, None] * 2
    for given in (same, apart):
        check_cases([suppressed(6, 0.5), suppressed(2, 0.5)], {"b": given, "s": scores})


def test_an_overlap_that_float16_would_round_to_the_threshold() -> None:
    """A float16 package computes it in float32 too: its second box overlaps by 0.5001, which float16 takes for 0.5."""
    given = np.array([[[0, 0, 1, 1], [0, 0, 1, 0.5001]]], np.float32)
    scores = np.array([[[0.9, 0.8]]], np.float32)
    for target in ("iOS16", "iOS18"):
        check_cases([suppressed(2, 0.5)], {"b": given, "s": scores}, target=target)


def test_refusals() -> None:
    inputs = {"b": boxes(1, 4).astype(np.float32), "s": np.ones((1, 1, 4), np.float32), "m": np.array(3)}
    refused(node_model("NonMaxSuppression", inputs), "max_output_boxes_per_class is computed at run time")
    refused(node_model("NonMaxSuppression", {name: inputs[name] for name in "bs"}), "empty")

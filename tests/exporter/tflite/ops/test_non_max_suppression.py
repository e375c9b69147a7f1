import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exporter.tflite.harness import node_model
from tests.exporter.tflite.ops.movement_support import check_both, few, refused

PARAMETERS = ("most", "iou", "least")


def boxes(images: int, count: int, seed: int = 0, *, centered: bool = False) -> np.ndarray:
    """Corners of any two opposite ends, or middles and extents; many that overlap."""
    rng = np.random.default_rng(seed)
    found = rng.random((images, count, 4), np.float32)
    return found if centered else np.asarray(np.round(found * 4) / 4 + rng.random((images, count, 4), np.float32) / 8)


def scores(images: int, classes: int, count: int, seed: int = 1, *, steps: int = 5) -> np.ndarray:
    """With ties."""
    return (np.random.default_rng(seed).integers(0, steps, (images, classes, count)) / steps).astype(np.float32)


def agrees(
    given: tuple[np.ndarray, np.ndarray],
    *parameters: float,
    constant: bool = True,
    center_point_box: int = 0,
) -> None:
    inputs = dict(zip(("boxes", "scores"), given, strict=True))
    types = (np.int64, np.float32, np.float32)
    named = {n: np.array([v], t) for n, v, t in zip(PARAMETERS, parameters, types, strict=False)}
    fed, fixed = (inputs, named) if constant else ({**inputs, **named}, {})
    order = [*inputs, *named]
    model = node_model("NonMaxSuppression", fed, constants=fixed, order=order, center_point_box=center_point_box)
    check_both(model, fed)


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("center_point_box", [0, 1])
def test_images_and_classes(constant: bool, center_point_box: int) -> None:
    for images, classes, count in ((1, 1, 8), (2, 2, 2), (2, 3, 8)):
        given = boxes(images, count, centered=bool(center_point_box)), scores(images, classes, count)
        options = {"constant": constant, "center_point_box": center_point_box}
        agrees(given, 3, 0.3, 0.3, **options)
        agrees(given, 99, 0.5, **options)
        agrees(given, 2, **options)


def test_equal_boxes_and_scores_are_taken_in_order() -> None:
    same = np.tile(np.array([0, 0, 1, 1], np.float32), (1, 6, 1)), np.full((1, 1, 6), 0.5, np.float32)
    agrees(same, 6, 0.5)
    for overlap in (1.0, np.nextafter(np.float32(1), 0)):
        agrees(same, 6, overlap)
        agrees(same, 6, overlap, 0.6)
        agrees(same, 3, overlap, constant=False)
    apart = same[0] + np.arange(6, dtype=np.float32)[None, :, None] * 2
    agrees((apart, same[1]), 4, 0.5)


def test_none_is_kept() -> None:
    given = boxes(1, 4), scores(1, 1, 4)
    agrees(given, 3, 0.5, 9.0)
    agrees(given, 0)
    agrees(given)
    agrees(given, 0, constant=False)


def test_a_threshold_reached_exactly_keeps_the_box() -> None:
    halves = np.array([[[0, 0, 1, 1], [0, 0, 1, 0.5]]], np.float32), np.array([[[0.9, 0.8]]], np.float32)
    agrees(halves, 9, 0.5)
    agrees(halves, 9, 0.5, constant=False)


def test_what_is_refused() -> None:
    inputs = {"boxes": boxes(1, 2), "scores": scores(1, 600, 2)}
    model = node_model("NonMaxSuppression", inputs, constants={"most": np.array([2])})
    refused(model, "600 classes")


@few
@given(st.integers(0, 99), st.sampled_from([0.0, 0.2, 0.5]), st.sampled_from([1, 4, 9]))
def test_any_boxes(seed: int, iou: float, most: int) -> None:
    agrees((boxes(1, 9, seed), scores(1, 2, 9, seed + 1)), most, iou, 0.1)

from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

IMAGE = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)  # pixel (r, c) holds 1 + 4 r + c
TWO: dict[str, Any] = {"target_height": 2, "target_width": 2}


def _crop(boxes: list[list[float]], *, opset: str = "CoreML7", x: np.ndarray = IMAGE, **options: Any) -> np.ndarray:
    """The crops [N, C, h, w] of boxes given as the operator set takes them."""
    array = np.array(boxes, np.float32)
    if opset == "CoreML7":
        indices = options.pop("box_indices", np.zeros(len(boxes), np.int32))
        return run("crop_resize", "float32", x=x, boxes=array, box_indices=indices, opset=opset, **options)
    roi = array.reshape(len(boxes), 1, -1, 1, 1)
    return run("crop_resize", "float32", x=x, roi=roi, opset=opset, **options)[:, 0]


@pytest.mark.parametrize("opset", ["CoreML5", "CoreML6", "CoreML7"])
def test_aligned_corners_take_the_ends_of_the_box(opset: str) -> None:
    aligned: dict[str, Any] = {"opset": opset, "sampling_mode": "ALIGN_CORNERS"}
    assert _crop([[1, 1, 2, 2]], **TWO, **aligned).flatten().tolist() == [6, 7, 10, 11]
    assert _crop([[2, 2, 1, 1]], **TWO, **aligned).flatten().tolist() == [11, 10, 7, 6]
    assert _crop([[1, 1, 2, 2]], **aligned).flatten().tolist() == [8.5]
    got = _crop([[1, 1, 2, 2]], target_height=4, target_width=4, **aligned)[0, 0]
    np.testing.assert_allclose(got[0], [6, 19 / 3, 20 / 3, 7], atol=1e-5)
    np.testing.assert_allclose(got[3], [10, 31 / 3, 32 / 3, 11], atol=1e-5)


@pytest.mark.parametrize("outside", [0.0, 1.0, 10.0])
def test_what_lies_outside_is_padding(outside: float) -> None:
    boxes = [[0.1, 0.3, 1.3, 1], [0.5, 1.8, 1.0, 0.3], [0.0, 0.4, 0.6, 0.7]]
    options: dict[str, Any] = {**TWO, "normalized_coordinates": True, "sampling_mode": "ALIGN_CORNERS"}
    p = outside
    want = np.array([3.1, 5.2, p, p, p, 7.9, p, 13.9, 2.2, 3.1, 9.4, 10.3]).reshape(3, 1, 2, 2)
    np.testing.assert_allclose(_crop(boxes, pad_value=p, **options), want, atol=1e-5)
    older = _crop([[0, *box] for box in boxes], pad_value=p, opset="CoreML6", **options)
    np.testing.assert_allclose(older, want, atol=1e-5)
    if outside == 0:
        np.testing.assert_allclose(_crop([[0, *b] for b in boxes], opset="CoreML5", **options), want, atol=1e-5)


def test_a_box_over_the_whole_image_is_a_resize() -> None:
    for mode in ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "DEFAULT", "OFFSET_CORNERS", "UNALIGN_CORNERS"):
        size = {"target_height": 3, "target_width": 5}
        whole = run(
            "resize_bilinear", "float32", x=IMAGE, target_size_height=3, target_size_width=5, sampling_mode=mode
        )
        np.testing.assert_allclose(_crop([[0, 0, 3, 3]], sampling_mode=mode, **size), whole, atol=1e-5)


@pytest.mark.parametrize(
    ("mode", "box"),
    [
        ("CORNERS_HEIGHT_FIRST", [1, 0, 3, 2]),
        ("CORNERS_WIDTH_FIRST", [0, 1, 2, 3]),
        ("CENTER_SIZE_HEIGHT_FIRST", [2, 1, 2, 2]),
        ("CENTER_SIZE_WIDTH_FIRST", [1, 2, 2, 2]),
    ],
)
def test_conventions_of_boxes(mode: str, box: list[float]) -> None:
    options: dict[str, Any] = {**TWO, "sampling_mode": "STRICT_ALIGN_CORNERS", "box_coordinate_mode": mode}
    want = [5, 7, 13, 15]
    assert _crop([box], **options).flatten().tolist() == want
    assert _crop([[2 * number for number in box]], spatial_scale=0.5, **options).flatten().tolist() == want


def test_every_box_of_every_image_and_one_box_of_one() -> None:
    x = np.concatenate([IMAGE, IMAGE + 100])
    roi = np.array([[0, 0, 1, 1], [2, 2, 3, 3]], np.float32).reshape(2, 1, 4, 1, 1)
    options: dict[str, Any] = {**TWO, "sampling_mode": "ALIGN_CORNERS"}
    got = run("crop_resize", "float32[2,2,1,2,2]", x=x, roi=roi, **options)
    assert got[1, 0].flatten().tolist() == [11, 12, 15, 16]
    assert np.array_equal(got[:, 1], got[:, 0] + 100)
    one = _crop([[2, 2, 3, 3], [0, 0, 1, 1]], x=x, box_indices=np.array([1, 0], np.int32), **options)
    assert np.array_equal(one, np.stack([got[1, 1], got[0, 0]]))
    each = run("crop_resize", "float32", x=x, boxes=roi.reshape(2, 4), opset="CoreML7", **options)
    assert np.array_equal(each, np.stack([got[0, 0], got[1, 1]]))


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"box_coordinate_mode": "MIDDLE"}, "no box_coordinate_mode 'MIDDLE'"),
        ({"sampling_mode": "aligned"}, "no sampling_mode 'aligned'"),
        ({"box_indices": np.array([1], np.int32)}, "does not exist: there are 1"),
        ({"box_indices": np.array([-1], np.int32)}, "does not exist"),
        ({"boxes": np.zeros((1, 5), np.float32)}, "boxes of shape"),
        ({"boxes": np.zeros((1, 4), np.int32), "normalized_coordinates": True}, "are floats"),
        ({"x": IMAGE[0]}, "boxes and"),
        ({"target_height": 2**20, "target_width": 2**20}, "has more than"),
    ],
)
def test_what_is_refused(parameters: dict[str, Any], why: str) -> None:
    given = {"x": IMAGE, "boxes": np.zeros((1, 4), np.float32), **parameters}
    with pytest.raises(PortproofError, match=why):
        run("crop_resize", "float32", opset="CoreML7", **given)


def test_older_boxes_of_a_wrong_shape() -> None:
    with pytest.raises(PortproofError, match="boxes of shape"):
        run("crop_resize", "float32", x=IMAGE, roi=np.zeros((1, 1, 6, 1, 1), np.float32))

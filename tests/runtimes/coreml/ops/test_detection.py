from typing import Any

import numpy as np
import pytest
from tests.runtimes.coreml.mil import run

from portproof.device_profiles.errors import PortproofError

# Two that overlap by a third, one apart, one without any area.
BOXES = np.array([[0, 0, 2, 2], [1, 0, 2, 2], [9, 9, 2, 2], [5, 5, 0, 0]], np.float32)
SCORES = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.1], [0.1, 0.3]], np.float32)


def _indices(most: int = 4, **parameters: Any) -> list[int]:
    found = run(
        "non_maximum_suppression",
        f"float32[1,{most},4] float32[1,{most},2] int32[1,{most}] int32[1]",
        boxes=BOXES[None],
        scores=SCORES[None],
        **{"iou_threshold": 0.3, "score_threshold": 0.0, "max_boxes": most, **parameters},
    )
    boxes, scores, indices, count = (value[0] for value in found)
    assert count == (indices >= 0).sum()
    for place, index in enumerate(indices):
        assert boxes[place].tolist() == (BOXES[index].tolist() if index >= 0 else [0] * 4)
        assert scores[place].tolist() == (SCORES[index].tolist() if index >= 0 else [0] * 2)
    return list(indices)


@pytest.mark.parametrize(
    ("parameters", "wanted"),
    [
        ({}, [0, 2, 3, -1]),
        ({"iou_threshold": 0.34}, [0, 1, 2, 3]),
        ({"per_class_suppression": True}, [0, 1, 2, 3]),
        ({"score_threshold": 0.5}, [0, 2, -1, -1]),
        ({"score_threshold": 2.0}, [0, -1, -1, -1]),
        ({"most": 2}, [0, 2]),
        ({"most": 6}, [0, 2, 3, -1, -1, -1]),
        ({"most": 0}, []),
    ],
)
def test_boxes_that_stand(parameters: dict[str, Any], wanted: list[int]) -> None:
    assert _indices(**parameters) == wanted


def test_batches_are_apart() -> None:
    found = run(
        "non_maximum_suppression",
        "float32 float32 int32 int32",
        boxes=np.stack([BOXES, BOXES[::-1]]),
        scores=np.stack([SCORES, SCORES[::-1]]),
        iou_threshold=0.3,
        score_threshold=0.5,
        max_boxes=3,
    )
    assert found[2].tolist() == [[0, 2, -1], [3, 1, -1]]
    assert found[3].tolist() == [2, 2]


def test_the_form_of_ios_17() -> None:
    boxes, scores, indices = run(
        "non_maximum_suppression",
        "float32[1,4,3] float32[1,2,3] int32[1,3]",
        opset="CoreML7",
        boxes=BOXES.T[None].copy(),
        scores=SCORES.T[None].copy(),
        iou_threshold=0.3,
        max_boxes=3,
    )
    assert indices.tolist() == [[0, 2, 3]]
    np.testing.assert_array_equal(boxes[0], BOXES[[0, 2, 3]].T)
    np.testing.assert_array_equal(scores[0], SCORES[[0, 2, 3]].T)


def test_boxes_and_scores_go_together() -> None:
    with pytest.raises(PortproofError):
        run(
            "non_maximum_suppression",
            "float32 float32 int32 int32",
            boxes=BOXES[None],
            scores=SCORES[None, :2],
            iou_threshold=0.3,
            score_threshold=0.5,
            max_boxes=3,
        )
    with pytest.raises(PortproofError):
        _indices(score_threshold=None)

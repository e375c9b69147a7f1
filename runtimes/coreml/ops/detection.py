"""non_maximum_suppression."""

import torch

from portproof.runtimes.coreml.context import Context
from portproof.runtimes.coreml.registry import mil_op

Selected = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


@mil_op("non_maximum_suppression", exact=True)
def non_maximum_suppression(
    boxes: torch.Tensor,
    scores: torch.Tensor,
    iou_threshold: float,
    score_threshold: float,
    max_boxes: int,
    context: Context,
    per_class_suppression: bool = False,
) -> Selected:
    """Boxes in the order of their best score, without those that overlap one before them by more than the threshold.

    A box's class is that of its best score; `per_class_suppression` lets boxes of other classes stand. Where no box
    reaches `score_threshold`, the best one is given all the same, as coremltools' tests expect of Core ML.

    Args:
        boxes: [batch, boxes, 4]: x and y of the centre, width, height.
        scores: [batch, boxes, classes].
        iou_threshold: of intersection over union.
        score_threshold: below it a box is not looked at.
        max_boxes: how many are given; what is left is filled with zeros, and with -1 as index.
        context: the operator's surroundings.
        per_class_suppression: whether only boxes of one class suppress each other.

    Returns:
        Boxes [batch, max_boxes, 4], scores [batch, max_boxes, classes], indices [batch, max_boxes], counts [batch].
    """
    if boxes.dim() != 3 or scores.dim() != 3 or boxes.shape != (*scores.shape[:2], 4):
        raise ValueError(f"boxes are {list(boxes.shape)}, and scores {list(scores.shape)}")
    batch, _, classes = scores.shape
    context.check_size([batch, max_boxes, max(4, classes)])
    indices = torch.full((batch, max_boxes), -1, dtype=torch.int64)
    best, kinds = scores.max(2)
    for image in range(batch):
        kind = kinds[image] if per_class_suppression else torch.zeros_like(kinds[image])
        chosen = _chosen(boxes[image], best[image], kind, (iou_threshold, score_threshold), max_boxes)
        indices[image, : len(chosen)] = torch.tensor(chosen, dtype=torch.int64)
    there = (indices >= 0)[:, :, None]
    places = indices.clamp(min=0)[:, :, None]
    return (
        torch.where(there, torch.gather(boxes, 1, places.expand(-1, -1, 4)), 0.0),
        torch.where(there, torch.gather(scores, 1, places.expand(-1, -1, classes)), 0.0),
        indices,
        (indices >= 0).sum(1),
    )


def _chosen(
    boxes: torch.Tensor, best: torch.Tensor, kind: torch.Tensor, thresholds: tuple[float, float], most: int
) -> list[int]:
    waiting = best >= thresholds[1]
    order = torch.sort(best, descending=True, stable=True).indices.tolist()
    chosen: list[int] = []
    for place in order:
        if len(chosen) == most:
            break
        if waiting[place]:
            chosen.append(place)
            waiting &= ~((_iou(boxes, place) > thresholds[0]) & (kind == kind[place]))
    return chosen or order[: min(1, most)]


def _iou(boxes: torch.Tensor, place: int) -> torch.Tensor:
    """Intersection over union of one box with each, 0 where the union is empty: [boxes]."""
    centre, size = boxes[:, :2], boxes[:, 2:]
    low, high = centre - size / 2, centre + size / 2
    shared = (torch.minimum(high[place], high) - torch.maximum(low[place], low)).clamp(min=0).prod(1)
    area = size.prod(1)
    union = area[place] + area - shared
    return torch.where(union > 0, shared / union, torch.zeros(()))


@mil_op("non_maximum_suppression", since="CoreML7", exact=True)
def non_maximum_suppression_17(
    boxes: torch.Tensor,
    scores: torch.Tensor,
    iou_threshold: float,
    max_boxes: int,
    context: Context,
    per_class_suppression: bool = False,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """As before, with the boxes along the last axis, without a threshold for scores and without counts."""
    found, its_scores, indices, _ = non_maximum_suppression(
        boxes.mT, scores.mT, iou_threshold, float("-inf"), max_boxes, context, per_class_suppression
    )
    return found.mT, its_scores.mT, indices

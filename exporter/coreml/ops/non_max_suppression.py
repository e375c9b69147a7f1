"""NonMaxSuppression: MIL's operator on every class of every image, and a table of what it keeps."""

from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.arithmetic import binary
from portproof.exporter.coreml.make.movement import box, concat, expand_dims, gather, reshape, transpose
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of, shape_of
from portproof.exporter.lowering.refusal import Refusal

_LOWEST = float(np.finfo(np.float32).min)
_NOTE = (
    "constant parameters; MIL does not say which of equal scores comes first; where none is kept nothing can be read"
)


@onnx_op("NonMaxSuppression", since=10, note=_NOTE)
def non_max_suppression(
    b: Builder,
    boxes: Var,
    scores: Var,
    max_output_boxes_per_class: Var | None = None,
    iou_threshold: Var | None = None,
    score_threshold: Var | None = None,
    *,
    center_point_box: int,
) -> Var:
    """boxes [images, N, 4], scores [images, classes, N]: int64 [kept, 3] of image, class and box.

    Each class is a batch entry of one operator. In float32 always: a rounded corner is another overlap.
    """
    images, count, _ = shape_of(boxes)
    classes = shape_of(scores)[1]
    most = min(int(_number(max_output_boxes_per_class, "max_output_boxes_per_class", 0)), count)
    if most <= 0 or images * classes == 0:
        return b.const(np.zeros((0, 3), np.int32))
    least = None if score_threshold is None else _number(score_threshold, "score_threshold", 0)
    with b.exactly():
        centred = boxes if center_point_box else _centred(b, boxes)
        repeated = np.repeat(np.arange(images, dtype=np.int32), classes)
        rows = centred if classes == 1 else gather(b, centred, repeated, 0)
        flat = reshape(b, scores, (images * classes, count, 1))
        found, places = _suppressed(b, rows, flat, _number(iou_threshold, "iou_threshold", 0), most)
        kept = binary(b, "greater_equal", places, 0)
        if least is not None:
            kept = b.emit("logical_and", x=kept, y=binary(b, "greater", found, least))
    return _table(b, kept, places, images, classes)


def _suppressed(b: Builder, boxes: Var, scores: Var, overlap: np.float32, most: int) -> tuple[Var, Var]:
    """Scores and places [rows, most] of the boxes that are kept, best first, then -1 for places.

    Boxes with low scores come last and suppress none above them: the threshold of scores is held afterwards.
    """
    given: dict[str, Any] = {"iou_threshold": b.like(overlap, boxes), "max_boxes": np.int32(most)}
    if b.has("iOS17"):  # boxes along the last axis, and no threshold
        given |= {name: transpose(b, x, (0, 2, 1)) for name, x in (("boxes", boxes), ("scores", scores))}
        _, found, places = b.emit("non_maximum_suppression", **given)
        return b.emit("squeeze", x=found, axes=[1]), places
    given["score_threshold"] = b.like(_LOWEST, boxes)
    _, found, places, _ = b.emit("non_maximum_suppression", boxes=boxes, scores=scores, **given)
    return b.emit("squeeze", x=found, axes=[2]), places


def _number(value: Var | None, what: str, default: float) -> np.float32:
    if value is None:
        return np.float32(default)
    array = array_of(value)
    if array is None:
        raise Refusal(f"{what} is computed at run time", f"make {what} a constant of the model")
    return np.float32(array.reshape(-1)[0])


def _centred(b: Builder, boxes: Var) -> Var:
    """Two opposite corners, y first, as x and y of the middle, width and height."""
    first, second = box(b, boxes, 2, 0, 2), box(b, boxes, 2, 2, 2)
    middle = binary(b, "mul", binary(b, "add", first, second), 0.5)
    extent = b.emit("abs", x=binary(b, "sub", second, first))
    return concat(b, [b.emit("reverse", x=half, axes=[2]) for half in (middle, extent)], 2)


def _table(b: Builder, kept: Var, places: Var, images: int, classes: int) -> Var:
    """A row of image, class and box for each entry that is kept: [images * classes, most] of places."""
    rows = b.emit("non_zero", x=kept)
    chosen = expand_dims(b, b.emit("gather_nd", x=places, indices=rows), [1])
    entry = box(b, rows, 1, 0, 1)
    numbers = np.stack(np.divmod(np.arange(images * classes, dtype=np.int32), classes), 1).astype(np.int32)
    where = gather(b, b.const(numbers), b.emit("squeeze", x=entry, axes=[1]), 0)
    return concat(b, [where, chosen], 1)

"""What makes a shape unknown before run time: told in refusals."""

import onnx_ir as ir

from portproof.exporter.lowering.refusal import UnknownShape
from portproof.exporter.tflite.values import is_run_time

_DECLARE = "declare the inputs' shapes with --input NAME=1x3x224x224:float32"
_FIX = "make it a constant of the model, or compute it from shapes alone"


def unknown_shape(value: ir.Value) -> UnknownShape:
    """The refusal to lower what reads `value`, a value of the ONNX model without a static shape.

    It names the first node before it that makes an unknown shape from known ones, and what that node reads.
    """
    origin = _origin(value)
    start = f"the shape of {value.name} is not known before run time"
    node = origin.producer()
    if node is None:
        return UnknownShape(f"{start}: input {origin.name} has no fixed shape", _DECLARE)
    numbers = [item.name for item in node.inputs if item is not None and _is_parameter(item)]
    label = f"{node.op_type} makes it" if origin is value else f"{node.op_type} makes that of {origin.name}"
    if not numbers:
        return UnknownShape(f"{start}: {label} from its data", _DECLARE)
    return UnknownShape(f"{start}: {label} from {', '.join(map(str, numbers))}, computed at run time", _FIX)


def is_known(value: ir.Value) -> bool:
    """Whether all sizes of `value` are numbers."""
    return value.shape is not None and value.shape.is_static()


def _origin(value: ir.Value) -> ir.Value:
    """The first value of unknown shape on the way to `value`."""
    while (node := value.producer()) is not None:
        unknown = [item for item in node.inputs if item is not None and item.name and not is_known(item)]
        if not unknown:
            break
        value = unknown[0]
    return value


def _is_parameter(value: ir.Value) -> bool:
    """Whether `value` is what shapes are made of: integers of rank 0 or 1, computed at run time."""
    small = value.shape is not None and len(value.shape) <= 1
    return is_run_time(value) and small and value.dtype in (ir.DataType.INT64, ir.DataType.INT32)

"""What a quantized model asked for and did not get, in messages."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import onnx_ir as ir

from portproof.device_profiles.errors import Message
from portproof.exporter.tflite.integer.hybrid import FEWEST_ELEMENTS
from portproof.exporter.tflite.integer.islands import Island
from portproof.exporter.tflite.integer.record import integers_of
from portproof.exporter.tflite.values import dtype_of, shape_of

_SHOWN = 6


def said(model: ir.Model, islands: Sequence[Island]) -> list[Message]:
    """Operators between pairs that compute in float32, and weights that are stored in float32, one message each."""
    wanted = [island for island in islands if island.quantized]
    counts = Counter(f"{island.op}: {island.why}" for island in wanted)
    found = []
    if wanted:
        found.append(
            Message(
                code="W-CALIB-FLOAT",
                what=f"{len(wanted)} operators that the model quantizes compute in float32 in TFLite",
                why="; ".join(_counted(counts)),
                hint="The report names them all; their numbers are right, between a DEQUANTIZE and a QUANTIZE each.",
            )
        )
    widened = _widened(model)
    if widened:
        found.append(
            Message(
                code="W-CALIB-FLOAT",
                what=f"{len(widened)} quantized constants are stored as float32 in TFLite",
                why=f"no kernel reads them as they are: {', '.join(widened[:_SHOWN])}",
                hint="Quantize weights symmetrically to int8, with one scale for each output channel, not in blocks.",
            )
        )
    return found


def _counted(counts: Counter[str]) -> Iterable[str]:
    """The most frequent reasons, with how often each."""
    for reason, count in counts.most_common(_SHOWN):
        yield f"{count} x {reason}"
    if len(counts) > _SHOWN:
        yield "..."


def _widened(model: ir.Model) -> list[str]:
    """The names of large float32 constants that have been integers."""
    names: dict[str, None] = {}
    for node in model.graph.all_nodes():
        for value in node.inputs:
            if value is None or integers_of(value) is None or dtype_of(value).name != "float32":
                continue
            if math.prod(shape_of(value)) >= FEWEST_ELEMENTS:
                names.setdefault(value.name or f"a constant {list(shape_of(value))} of {node.op_type}")
    return list(names)

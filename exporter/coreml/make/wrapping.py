"""Integers of fewer than 32 bits: MIL computes them in int32, and what leaves their range wraps around."""

from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import NARROW, Var


def wrapped(b: Builder, y: Var) -> Var:
    """`y`, int32, brought into the range of the type that the ONNX node's first output has."""
    dtype = output_type(b)
    if dtype is None or dtype.name not in NARROW:
        return y
    limits = np.iinfo(dtype)
    shifted = y if limits.min == 0 else b.emit("sub", x=y, y=np.int32(limits.min))
    rest = b.emit("mod", x=shifted, y=np.int32(limits.max - limits.min + 1))
    return rest if limits.min == 0 else b.emit("add", x=rest, y=np.int32(limits.min))


def output_type(b: Builder) -> np.dtype[Any] | None:
    """The numpy type that the first output of the ONNX node being lowered has."""
    if b.source is None or b.source.outputs[0].dtype is None:
        return None
    return np.dtype(b.source.outputs[0].dtype.numpy())

"""BitCast between integers of one width; MIL has nothing that reads the bits of a float."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.wrapping import wrapped
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("BitCast", since=26, note="integers of one width, up to 16 bits where the sign differs")
def bit_cast(b: Builder, x: Var, *, to: int) -> Var:
    """What is beyond the range of the new type wraps around."""
    source = None if b.source is None or b.source.inputs[0] is None else b.source.inputs[0].dtype
    wanted = ir.DataType(to)
    if source == wanted:
        return x
    if source is None or any(dtype.numpy().kind not in "iu" for dtype in (source, wanted)):
        raise Refusal(f"MIL does not read the bits of {source} as {wanted}", "keep the number in one type")
    if np.dtype(source.numpy()).itemsize != np.dtype(wanted.numpy()).itemsize or source.numpy().itemsize > 2:
        raise Refusal(f"MIL has no type for the bits of {source} as {wanted}", "keep the number in one type")
    return wrapped(b, x)

"""MelWeightMatrix: a constant, from constant parameters."""

import onnx_ir as ir

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, array_of
from portproof.exporter.lowering.mel import triangles
from portproof.exporter.lowering.refusal import Refusal


@onnx_op("MelWeightMatrix", since=17, note="constant parameters")
def mel_weight_matrix(
    b: Builder,
    num_mel_bins: Var,
    dft_length: Var,
    sample_rate: Var,
    lower_edge_hertz: Var,
    upper_edge_hertz: Var,
    *,
    output_datatype: int,
) -> Var:
    """Float [dft_length // 2 + 1, num_mel_bins]: triangles over the frequencies."""
    inputs = (num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz)
    arrays = [array_of(value) for value in inputs]
    if any(array is None for array in arrays):
        raise Refusal("the parameters are computed at run time", "make them constants of the model")
    bins, length, rate, low, high = (array.item() for array in arrays if array is not None)
    return b.const(triangles(bins, length, rate, low, high), ir.DataType(output_datatype).numpy())

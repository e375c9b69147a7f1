"""MelWeightMatrix: a constant, from constant parameters."""

import onnx_ir as ir

from portproof.exporter.lowering.mel import triangles
from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import array_of


@onnx_op("MelWeightMatrix", since=17, note="constant parameters")
def mel_weight_matrix(
    b: Builder,
    num_mel_bins: ir.Value,
    dft_length: ir.Value,
    sample_rate: ir.Value,
    lower_edge_hertz: ir.Value,
    upper_edge_hertz: ir.Value,
    *,
    output_datatype: int,
) -> ir.Value:
    """Float [dft_length // 2 + 1, num_mel_bins]: triangles over the frequencies."""
    inputs = (num_mel_bins, dft_length, sample_rate, lower_edge_hertz, upper_edge_hertz)
    arrays = [array_of(value) for value in inputs]
    if any(array is None for array in arrays):
        raise Refusal("the parameters are computed at run time", "make them constants of the model")
    bins, length, rate, low, high = (array.item() for array in arrays if array is not None)
    return b.const(triangles(bins, length, rate, low, high), ir.DataType(output_datatype).numpy())

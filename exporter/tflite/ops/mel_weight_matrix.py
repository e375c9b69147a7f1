"""MelWeightMatrix: a constant, from constant parameters."""

import numpy as np
import onnx_ir as ir

from portproof.exporter.lowering.refusal import Refusal
from portproof.exporter.tflite.builder import Builder
from portproof.exporter.tflite.registry import onnx_op
from portproof.exporter.tflite.values import Array, array_of


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
    return b.const(_triangles(bins, length, rate, low, high), ir.DataType(output_datatype).numpy())


def _triangles(bins: int, length: int, rate: int, low: float, high: float) -> Array:
    """Edges as ONNX has them: bins + 2 steps of (high - low) / (bins + 2) on the mel scale, rounded down."""
    first, last = (2595 * np.log10(1 + np.float64(edge) / 700) for edge in (low, high))
    mels = np.arange(bins + 2) * ((last - first) / (bins + 2)) + first
    edges = ((length + 1) * (700 * (10 ** (mels / 2595) - 1)) // rate).astype(int)
    weights = np.zeros((length // 2 + 1, bins))
    for column, (left, centre, right) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        if centre == left:
            weights[centre, column] = 1
        else:
            weights[left : centre + 1, column] = np.arange(centre - left + 1) / (centre - left)
        if right > centre:
            weights[centre:right, column] = np.arange(right - centre, 0, -1) / (right - centre)
    return weights

"""BatchNorm at inference is a scale and a shift per channel: folded into what comes before, else Mul and Add."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from portproof.calibration.graph import provenance
from portproof.calibration.graph.access import add_constant, attribute, constant, nodes, shape_of, take_over
from portproof.calibration.graph.affine import absorb, linear_producer

_SINCE = 7


class FoldBatchNorm(ir.passes.InPlacePass):
    """Fold BatchNorm into a Conv, ConvTranspose or Gemm that feeds it and nothing else.

    Given: a = Conv(x, w);  y = BatchNormalization(a, gamma, beta, mean, var)
    Result: y = Conv(x, w * gamma / sqrt(var + eps), beta - mean * gamma / sqrt(var + eps))

    BatchNorm after anything else (an activation, say) is not touched here.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Fold every BatchNorm that can be."""
        modified = False
        for node in _batch_norms(model):
            affine = scale_and_shift(node)
            before = linear_producer(node.inputs[0])
            if affine is not None and before is not None:
                absorb(before, *affine)
                take_over(before, node)
                modified = True
        return ir.passes.PassResult(model, modified)


class LowerBatchNorm(ir.passes.InPlacePass):
    """Write the BatchNorms that are left as Mul and Add, which every target has.

    Given: y = BatchNormalization(x, gamma, beta, mean, var), x of rank 4
    Result: a = Mul(x, scale [1,C,1,1]);  y = Add(a, shift [1,C,1,1])
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Lower every BatchNorm whose rank and parameters are known."""
        modified = False
        for node in _batch_norms(model):
            affine = scale_and_shift(node)
            shape = shape_of(node.inputs[0])
            if affine is not None and shape is not None and len(shape) > 1:
                _lower(model.graph, node, affine, len(shape))
                modified = True
        return ir.passes.PassResult(model, modified)


def _batch_norms(model: ir.Model) -> Iterator[ir.Node]:
    """None before opset 7: they train unless told otherwise, and Mul and Add do not broadcast as they do now."""
    if model.opset_imports.get("", 1) >= _SINCE:
        yield from nodes(model, "BatchNormalization")


def scale_and_shift(node: ir.Node) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """Scale and shift of a BatchNormalization at inference, float64 [C]; None when it trains or is not constant."""
    arrays = [constant(value) for value in node.inputs[1:5]]
    if attribute(node, "training_mode", 0) or not attribute(node, "spatial", 1):
        return None
    if len(arrays) < 4 or any(array is None for array in arrays):
        return None
    gamma, beta, mean, variance = (np.asarray(array, np.float64) for array in arrays)
    scale = gamma / np.sqrt(variance + attribute(node, "epsilon", 1e-5))
    return scale, beta - mean * scale


def _lower(graph: ir.Graph, node: ir.Node, affine: tuple[NDArray[Any], NDArray[Any]], rank: int) -> None:
    source, old = node.inputs[0], node.outputs[0]
    dtype = np.asarray(constant(node.inputs[1])).dtype
    name = old.name or "batch_norm"
    scale, shift = (
        add_constant(graph, array.reshape(1, -1, *[1] * (rank - 2)).astype(dtype), f"{name}_{part}")
        for array, part in zip(affine, ("scale", "shift"), strict=True)
    )
    product = ir.Value(name=f"{name}_scaled", shape=old.shape, type=old.type)
    mul = ir.Node("", "Mul", [source, scale], outputs=[product], name=f"{node.name}_mul")
    add = ir.Node("", "Add", [product, shift], name=f"{node.name}_add")
    graph.insert_before(node, [mul, add])
    for made in (mul, add):
        provenance.inherit(made, node)
    take_over(add, node)

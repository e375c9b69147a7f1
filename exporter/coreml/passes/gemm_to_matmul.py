"""A Gemm with constant weights becomes a MatMul and an Add, which take any number of axes in front."""

import numpy as np
import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import add_constant, attribute, constant, is_constant, nodes, replace, shape_of

_PLAIN = (("alpha", 1.0), ("beta", 1.0), ("transA", 0))


class GemmToMatMul(ir.passes.InPlacePass):
    """onnxsim writes a layer on more than two axes as a Gemm between reshapes; MIL's linear needs no such thing.

    Given: g = Gemm<transB = 1>(f, w, c)
    Result: m = MatMul(f, w_matrix);  g = Add(m, c), which is one linear in MIL as well
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Replace each that only multiplies and adds constants."""
        from onnx_ir.passes import common

        found = [_replace(node) for node in nodes(model, "Gemm")]
        if any(found):
            common.RemoveUnusedNodesPass()(model)
        return ir.passes.PassResult(model, any(found))


def _replace(gemm: ir.Node) -> bool:
    weights, bias = gemm.inputs[1], gemm.inputs[2] if len(gemm.inputs) > 2 else None
    plain = all(attribute(gemm, name, default) == default for name, default in _PLAIN)
    array = constant(weights)
    if not plain or array is None or gemm.graph is None or weights is None:
        return False
    if bias is not None and (not is_constant(bias) or len(shape_of(bias) or (0, 0)) > 1):
        return False
    matrix = array.T if attribute(gemm, "transB", 0) else array
    w = add_constant(gemm.graph, np.asarray(matrix, order="C"), f"{weights.name}_matrix")
    y = _emit(gemm, "MatMul", [gemm.inputs[0], w])
    if bias is not None:
        y = _emit(gemm, "Add", [y, bias])
    return replace(gemm.outputs[0], y)


def _emit(gemm: ir.Node, op_type: str, inputs: list[ir.Value | None]) -> ir.Value:
    node = ir.Node("", op_type, inputs, num_outputs=1, name=f"{gemm.name}/{op_type}")
    node.outputs[0].name = f"{gemm.outputs[0].name}/{op_type}"
    node.outputs[0].shape, node.outputs[0].type = gemm.outputs[0].shape, gemm.outputs[0].type
    gemm.graph.insert_before(gemm, node)  # type: ignore[union-attr]
    provenance.inherit(node, gemm)
    return node.outputs[0]

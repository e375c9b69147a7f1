"""A product of matrices between two reshapes, which onnxsim writes for a layer on more axes, is one product again."""

import numpy as np
import onnx_ir as ir

from portproof.exporter import provenance
from portproof.exporter.passes.graph import add_constant, attribute, constant, is_constant, nodes, replace, shape_of


class UnflattenGemm(ir.passes.InPlacePass):
    """MIL's ``linear`` takes any number of axes in front; the reshapes around a Gemm go.

    Given: x [2,5,8];  f = Reshape(x, [10,8]);  g = Gemm(f, w [8,4], c [4]);  y = Reshape(g, [2,5,4])
    Result: m = MatMul(x, w);  y = Add(m, c)
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Replace the last reshape of each; what it was made of goes when nobody else reads it."""
        from onnx_ir.passes import common

        found = [_replace(node) for node in nodes(model, "Reshape")]
        if any(found):
            common.RemoveUnusedNodesPass()(model)
        return ir.passes.PassResult(model, any(found))


def _replace(last: ir.Node) -> bool:
    gemm = last.inputs[0].producer() if last.inputs[0] is not None else None
    x = _flattened(gemm)
    if gemm is None or x is None or last.graph is None or not _keeps_rows(x, last.outputs[0]):
        return False
    weights = constant(gemm.inputs[1])
    if weights is None:
        return False
    matrix = weights.T if attribute(gemm, "transB", 0) else weights
    w = add_constant(last.graph, np.asarray(matrix, order="C"), f"{gemm.inputs[1].name}_matrix")  # type: ignore[union-attr]
    y = _emit(last, gemm, "MatMul", [x, w])
    bias = gemm.inputs[2] if len(gemm.inputs) > 2 else None
    if bias is not None:
        y = _emit(last, gemm, "Add", [y, bias])
    return replace(last.outputs[0], y)


def _flattened(gemm: ir.Node | None) -> ir.Value | None:
    """What a plain Gemm with constant weights multiplies, before it was made a matrix; None where it is not so."""
    if gemm is None or gemm.op_type != "Gemm" or not is_constant(gemm.inputs[1]):
        return None
    plain = all(
        attribute(gemm, name, default) == default for name, default in (("alpha", 1.0), ("beta", 1.0), ("transA", 0))
    )
    first = gemm.inputs[0].producer() if gemm.inputs[0] is not None else None
    if not plain or first is None or first.op_type != "Reshape" or len(gemm.outputs[0].uses()) != 1:
        return None
    if len(gemm.inputs) > 2 and (not is_constant(gemm.inputs[2]) or len(shape_of(gemm.inputs[2]) or (0, 0)) > 1):
        return None
    return first.inputs[0]


def _keeps_rows(x: ir.Value, y: ir.Value) -> bool:
    """Whether the product changes the last axis alone."""
    before, after = shape_of(x), shape_of(y)
    return before is not None and after is not None and len(before) > 2 and before[:-1] == after[:-1] and _last(x, y)


def _last(x: ir.Value, y: ir.Value) -> bool:
    """Whether the matrices are as wide as the last axes."""
    gemm = y.producer().inputs[0].producer()  # type: ignore[union-attr]
    flat, product = shape_of(gemm.inputs[0]), shape_of(gemm.outputs[0])  # type: ignore[union-attr]
    before, after = shape_of(x), shape_of(y)
    return bool(flat and product and before and after and flat[-1] == before[-1] and product[-1] == after[-1])


def _emit(last: ir.Node, gemm: ir.Node, op_type: str, inputs: list[ir.Value | None]) -> ir.Value:
    node = ir.Node("", op_type, inputs, num_outputs=1, name=f"{gemm.name}/{op_type}")
    node.outputs[0].name = f"{gemm.outputs[0].name}/{op_type}"
    node.outputs[0].shape, node.outputs[0].type = last.outputs[0].shape, last.outputs[0].type
    last.graph.insert_before(last, node)  # type: ignore[union-attr]
    provenance.inherit(node, gemm)
    return node.outputs[0]

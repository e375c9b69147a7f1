"""Shape inference for every value, by onnx's own rules."""

import onnx_ir as ir

from portproof.exporter.passes.declared import InferFromOutputs, has_unknown_shape


class InferShapes(ir.passes.InPlacePass):
    """Fill in types and shapes that are not known; what is known and fixed stays.

    Given: x float[1,8], y unknown;  y = Relu(x)
    Result: y float[1,8]

    What the outputs' shapes say of values before them is read off too, see `InferFromOutputs`.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Infer; where onnx's inference gives up the model stays as it is."""
        modified = _infer(model)
        if has_unknown_shape(model) and InferFromOutputs()(model).modified:
            _infer(model)
            modified = True
        return ir.passes.PassResult(model, modified)


def _infer(model: ir.Model) -> bool:
    from onnx_ir.passes import common

    before = {v: (v.shape, v.dtype) for v in _values(model)}
    common.ShapeInferencePass(check_type=False, strict_mode=False, data_prop=True)(model)
    modified = False
    for value, (shape, dtype) in before.items():
        # Inference from types alone knows less than the exporter did about some operators.
        if shape is not None and (shape.is_static() or value.shape is None):
            value.shape = shape
        modified = modified or value.shape != shape or value.dtype != dtype
    return modified


def _values(model: ir.Model) -> list[ir.Value]:
    return [value for node in model.graph.all_nodes() for value in node.outputs]

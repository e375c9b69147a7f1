"""Shape inference for every value, by onnx's own rules."""

from typing import TYPE_CHECKING

import onnx_ir as ir

from portproof.exporter import onnx_weights
from portproof.exporter.passes.declared import InferFromOutputs, has_unknown_shape

if TYPE_CHECKING:
    import onnx

# Smaller constants may be sizes that shapes are computed from.
_LARGE_BYTES = 1000


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
    values = _values(model)
    if all(_is_complete(value) for value in values):
        return False
    before = {value: (value.shape, value.dtype) for value in values}
    if any(node.graph is not model.graph for node in model.graph.all_nodes()):
        _by_onnx_ir(model)
    else:
        _by_onnx(model)
    modified = False
    for value, (shape, dtype) in before.items():
        # Inference from types alone knows less than the exporter did about some operators.
        if shape is not None and (shape.is_static() or value.shape is None):
            value.shape = shape
        modified = modified or value.shape != shape or value.dtype != dtype
    return modified


def _is_complete(value: ir.Value) -> bool:
    """Whether inference has nothing to add: it does not change a type that is known."""
    return value.shape is not None and value.shape.is_static() and value.dtype is not None


def _by_onnx_ir(model: ir.Model) -> None:
    from onnx_ir.passes import common

    common.ShapeInferencePass(check_type=False, strict_mode=False, data_prop=True)(model)


def _by_onnx(model: ir.Model) -> None:
    """The same for a model without inner graphs, whose result is read off without making another model of it."""
    import onnx

    try:
        with onnx_weights.as_inputs(model, at_least=_LARGE_BYTES, any_type=True):
            proto = ir.serde.serialize_model(model)
        graph = onnx.shape_inference.infer_shapes(proto, data_prop=True).graph
    except Exception:  # of any type: what onnx cannot infer stays unknown
        return
    found = {info.name: info.type for info in (*graph.value_info, *graph.output)}
    for value in _values(model):
        if value.name in found and not _is_complete(value):
            _take(value, found[value.name])


def _take(value: ir.Value, found: "onnx.TypeProto") -> None:
    shape = ir.serde.deserialize_type_proto_for_shape(found)
    type_ = ir.serde.deserialize_type_proto_for_type(found)
    if shape is not None:
        value.shape = shape
    if type_ is not None and type_.dtype != value.dtype:
        value.dtype = type_.dtype


def _values(model: ir.Model) -> list[ir.Value]:
    return [value for node in model.graph.all_nodes() for value in node.outputs]

"""Shapes that follow from values which are themselves computed from shapes: exporters write a Reshape's target so.

ONNX's own inference stops at most of them. This is one pass over the nodes in order: what depends on shapes and
constants alone is computed by ONNX's reference, as long as it is small; everything else has its shape inferred with
those values at hand.
"""

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import onnx

#: No larger value is computed: what decides on shapes is small.
_ELEMENTS = 4096

Shape = tuple[int, ...]


def shape_of(value: "onnx.TypeProto") -> Shape | None:
    """The static shape of a tensor type; None where a dimension is not known."""
    tensor = value.tensor_type
    if not tensor.HasField("shape") or not all(dim.HasField("dim_value") for dim in tensor.shape.dim):
        return None
    return tuple(dim.dim_value for dim in tensor.shape.dim)


@dataclass(frozen=True, kw_only=True)
class Folded:
    """What a pass over the nodes found: shapes of values, and which values are the same in every run."""

    shapes: dict[str, Shape]
    constants: frozenset[str]


def fold(proto: "onnx.ModelProto") -> Folded:
    """Every shape that follows from the inputs' shapes and the small constants of a model whose types are inferred."""
    walk = _Walk(proto)
    for node in proto.graph.node:
        walk.visit(node)
    shapes = {name: shape for name, value in walk.types.items() if (shape := shape_of(value)) is not None}
    return Folded(shapes=shapes, constants=frozenset(walk.values))


@dataclass
class _Walk:
    proto: "onnx.ModelProto"
    types: dict[str, "onnx.TypeProto"] = field(init=False)
    values: dict[str, "np.ndarray"] = field(init=False)

    def __post_init__(self) -> None:
        from onnx import numpy_helper

        graph = self.proto.graph
        self.types = {value.name: value.type for value in (*graph.input, *graph.output, *graph.value_info)}
        self.values = {}
        for tensor in graph.initializer:
            self._add(tensor.name, numpy_helper.to_array(tensor))
        self.versions = {entry.domain: entry.version for entry in self.proto.opset_import}

    def _add(self, name: str, value: "np.ndarray") -> None:
        import onnx

        dtype = onnx.helper.np_dtype_to_tensor_dtype(value.dtype)
        self.types[name] = onnx.helper.make_tensor_type_proto(dtype, list(value.shape))
        self.values[name] = value

    def visit(self, node: "onnx.NodeProto") -> None:
        values = self._computed(node)
        if values is not None:
            for name, value in values.items():
                self._add(name, value)
        elif any(name and (name not in self.types or shape_of(self.types[name]) is None) for name in node.output):
            self.types |= self._inferred(node)

    def _computed(self, node: "onnx.NodeProto") -> "dict[str, np.ndarray] | None":
        """What the node computes in every run; None if that depends on the input, is large, or cannot be computed."""
        import numpy as np
        from onnx.reference import ReferenceEvaluator

        if node.op_type == "Shape" and node.input[0] in self.types:
            return self._shape_value(node)
        large = any(prod(shape_of(self.types[name]) or ()) > _ELEMENTS for name in node.output if name in self.types)
        if large or any(name and name not in self.values for name in node.input):
            return None
        try:
            results = ReferenceEvaluator(node).run(None, {name: self.values[name] for name in node.input if name})
        except Exception:  # whatever the reference cannot compute stays an operator, and is costed as one
            return None
        arrays = {name: np.asarray(value) for name, value in zip(node.output, results, strict=False) if name}
        return arrays if all(array.size <= _ELEMENTS and array.dtype != object for array in arrays.values()) else None

    def _shape_value(self, node: "onnx.NodeProto") -> "dict[str, np.ndarray] | None":
        import numpy as np

        shape = shape_of(self.types[node.input[0]])
        ends: dict[str, Any] = {attribute.name: attribute.i for attribute in node.attribute}
        if shape is None:
            return None
        return {node.output[0]: np.array(shape[slice(ends.get("start"), ends.get("end"))], np.int64)}

    def _inferred(self, node: "onnx.NodeProto") -> "dict[str, onnx.TypeProto]":
        import onnx
        from onnx import numpy_helper, shape_inference

        types = {name: self.types[name] for name in node.input if name in self.types}
        if any(name and name not in types for name in node.input):
            return {}
        data = {name: numpy_helper.from_array(self.values[name], name) for name in node.input if name in self.values}
        try:
            schema = onnx.defs.get_schema(node.op_type, self.versions.get(node.domain, 1), node.domain)
            return shape_inference.infer_node_outputs(schema, node, types, data, opset_imports=self.proto.opset_import)
        except (onnx.defs.SchemaError, shape_inference.InferenceError, RuntimeError):
            return {}

"""What the cost model needs of an ONNX file: nodes, shapes and what is constant, without its weights."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.cost.fold import fold, shape_of
from portproof.device_profiles.errors import PortproofError

if TYPE_CHECKING:
    import onnx

#: Operators that hand their first input on: integer forms, copies and casts of float weights cost nothing of their own.
TRANSPARENT = frozenset({"QuantizeLinear", "DequantizeLinear", "Identity", "Dropout", "Cast"})
#: Initializers beyond this many bytes are dropped before shapes are inferred: no shape is computed from them.
_KEPT_BYTES = 4096


@dataclass(frozen=True, kw_only=True)
class Node:
    """One operator that runs on the device.

    Attributes:
        name: the node's name, or its first output's where it has none.
        op: the operator, ``com.microsoft.Gelu`` where it is not of ONNX's own domain.
        inputs: names of values after `TRANSPARENT` operators were skipped; ``""`` where an optional one is left out.
        outputs: names of values.
        attributes: by name, decoded.
    """

    name: str
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Graph:
    """The nodes of a model in the order they run, and what is known of the values between them.

    Attributes:
        nodes: those that depend on an input of the model; what is constant is computed once, when loading.
        shapes: by the name of a value, constants included.
        constants: names of values that are the same in every run (shapes of tensors among them).
        uses: how many nodes read a value; an output of the model counts as one more.
    """

    nodes: tuple[Node, ...]
    shapes: dict[str, tuple[int, ...]]
    constants: frozenset[str]
    uses: dict[str, int]

    @functools.cached_property
    def readers(self) -> dict[str, tuple[Node, ...]]:
        """The nodes that read a value, by its name, in the order they run."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found.setdefault(name, []).append(node)
        return {name: tuple(nodes) for name, nodes in found.items()}


def read(path: str | Path) -> Graph:
    """The graph of an ONNX file; of its weights, only the sizes are read.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-MODEL-FORMAT``: not an ONNX file; ``E-MODEL-SHAPE``: sizes that a cost
            depends on are not static.
    """
    import onnx
    from google.protobuf.message import DecodeError

    if not Path(path).is_file():
        raise PortproofError("E-FILE-MISSING", "there is no such model", where=str(path))
    try:
        proto = onnx.load(str(path), load_external_data=False)
    except (DecodeError, OSError) as error:
        raise PortproofError("E-MODEL-FORMAT", "not an ONNX file", where=str(path), why=str(error)) from error
    return of_proto(proto, where=str(path))


def of_proto(proto: "onnx.ModelProto", *, where: str = "") -> Graph:
    """`read`, of a model in memory. Its large initializers are dropped: pass a copy if you need them.

    Raises:
        PortproofError: ``E-MODEL-FORMAT``, ``E-MODEL-SHAPE``.
    """
    if not proto.graph.node:
        raise PortproofError("E-MODEL-FORMAT", "the file holds no ONNX graph", where=where)
    weights = {tensor.name: tuple(tensor.dims) for tensor in proto.graph.initializer}
    _drop_weights(proto)
    inferred = _infer(proto, where)
    shapes, constants = weights | _shapes(inferred), set(weights)
    if any(name and name not in shapes for node in inferred.graph.node for name in node.output):
        folded = fold(inferred)
        shapes, constants = shapes | folded.shapes, constants | folded.constants
    return _Reader(inferred, shapes, constants).graph(where)


def _drop_weights(proto: "onnx.ModelProto") -> None:
    """Turn large initializers into inputs of the same type and shape: inference needs no more of them."""
    import onnx

    kept = []
    declared = {value.name for value in proto.graph.input}
    for tensor in proto.graph.initializer:
        external = tensor.data_location == onnx.TensorProto.EXTERNAL
        if not external and tensor.ByteSize() <= _KEPT_BYTES:
            kept.append(tensor)
        elif tensor.name not in declared:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
            proto.graph.input.append(value)
    kept = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
    del proto.graph.initializer[:]
    proto.graph.initializer.extend(kept)


def _infer(proto: "onnx.ModelProto", where: str) -> "onnx.ModelProto":
    from onnx import shape_inference

    try:
        return shape_inference.infer_shapes(proto, check_type=False, strict_mode=False, data_prop=True)
    except (RuntimeError, ValueError) as error:
        raise PortproofError("E-MODEL-FORMAT", "shapes cannot be inferred", where=where, why=str(error)) from error


def _shapes(proto: "onnx.ModelProto") -> dict[str, tuple[int, ...]]:
    """Static shapes of values; one with an unknown dimension is left out."""
    graph = proto.graph
    values = (*graph.input, *graph.output, *graph.value_info)
    return {value.name: shape for value in values if (shape := shape_of(value.type)) is not None}


class _Reader:
    """Walks the nodes once: skips transparent ones, folds what is constant, counts uses."""

    def __init__(self, proto: "onnx.ModelProto", shapes: dict[str, tuple[int, ...]], constants: set[str]) -> None:
        self.proto = proto
        self.shapes = shapes
        self.constants = constants
        self.alias: dict[str, str] = {}
        self.nodes: list[Node] = []

    def graph(self, where: str) -> Graph:
        for node in self.proto.graph.node:
            self._visit(node)
        self._check(where)
        uses: dict[str, int] = {}
        ends = [self._real(value.name) for value in self.proto.graph.output]
        for name in (*(name for node in self.nodes for name in node.inputs), *ends):
            uses[name] = uses.get(name, 0) + 1
        return Graph(nodes=tuple(self.nodes), shapes=self.shapes, constants=frozenset(self.constants), uses=uses)

    def _real(self, name: str) -> str:
        return self.alias.get(name, name)

    def _visit(self, node: "onnx.NodeProto") -> None:
        import onnx

        inputs = tuple(self._real(name) for name in node.input)
        if node.op_type == "Shape" or all(name in self.constants for name in inputs if name):
            self.constants.update(node.output)
        elif node.op_type in TRANSPARENT:
            self.alias[node.output[0]] = inputs[0]
        else:
            self.nodes.append(
                Node(
                    name=node.name or node.output[0],
                    op=node.op_type if node.domain in {"", "ai.onnx"} else f"{node.domain}.{node.op_type}",
                    inputs=inputs,
                    outputs=tuple(node.output),
                    attributes={item.name: onnx.helper.get_attribute_value(item) for item in node.attribute},
                )
            )

    def _check(self, where: str) -> None:
        """Refuse a graph with values of unknown size: a cost that leaves them out would be silently too small."""
        unknown = [node for node in self.nodes if node.outputs[0] not in self.shapes]
        if not unknown:
            return
        first = unknown[0]
        raise PortproofError(
            "E-MODEL-SHAPE",
            f"the size of what {len(unknown)} operators compute is not known from the file",
            where=f"{where}: {first.op} {first.name}",
            why="a latency follows from static shapes",
            hint="declare static inputs: `portproof export MODEL --input NAME=1x3x224x224:float32`",
            nodes=[node.name for node in unknown[:20]],
        )

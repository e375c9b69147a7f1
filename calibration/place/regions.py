"""What a kernel computes at once: a node, with the bias and the activation function behind it.

Between the parts of a region no value is rounded, so that none of them carries a pair.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from portproof.calibration.graph.access import attribute, constant, is_constant, shape_of
from portproof.calibration.plan import Layer

if TYPE_CHECKING:
    import onnx_ir as ir

_RELU6 = 6.0
_FUSES_ACTIVATION = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul", "Add"})


@dataclass(frozen=True, kw_only=True)
class Region:
    """Nodes that one kernel computes.

    Attributes:
        head: the first node, which gives the region its name.
        rest: those fused behind it, in order.
        layer: what it is when it has constant weights, else None.
    """

    head: "ir.Node"
    rest: tuple["ir.Node", ...] = ()
    layer: Layer | None = None

    @property
    def name(self) -> str:
        """The head's name."""
        return self.head.name or ""

    @property
    def results(self) -> tuple["ir.Value", ...]:
        """The values that leave it."""
        return tuple((self.rest[-1] if self.rest else self.head).outputs)

    @property
    def result(self) -> "ir.Value":
        """The first of them."""
        return self.results[0]


def find(model: "ir.Model") -> tuple[Region, ...]:
    """The regions of a prepared model's main graph, in its order; every node is in exactly one."""
    regions: list[Region] = []
    taken: set[ir.Node] = set()
    for node in model.graph:
        if node not in taken:
            region = _region(node)
            taken.update(region.rest)
            regions.append(region)
    return tuple(regions)


def _region(head: "ir.Node") -> Region:
    if head.domain not in ("", "ai.onnx"):
        return Region(head=head)
    shape = _weights(head)
    bias = _bias_add(head) if shape is not None and head.op_type == "MatMul" else None
    rest = [] if bias is None else [bias]
    activation = _activation(rest[-1] if rest else head) if head.op_type in _FUSES_ACTIVATION else None
    rest += [] if activation is None else [activation]
    layer = None if shape is None else _layer(head, bias, activation)
    return Region(head=head, rest=tuple(rest), layer=layer)


def _weights(node: "ir.Node") -> tuple[int, ...] | None:
    """The shape of a node's constant weights when it is a layer, else None."""
    if node.op_type not in ("Conv", "ConvTranspose", "Gemm", "MatMul") or not is_constant(node.inputs[1]):
        return None
    shape = shape_of(node.inputs[1])
    bias = node.inputs[2] if len(node.inputs) > 2 else None
    if shape is None or len(shape) < 2 or 0 in shape or (bias is not None and not is_constant(bias)):
        return None
    if node.op_type == "Gemm":
        plain = all(attribute(node, name, default) == default for name, default in _GEMM.items())
        return shape if plain and (bias is None or _is_row(bias, shape[_axis(node)])) else None
    return shape if node.op_type != "MatMul" or len(shape) == 2 else None


_GEMM = {"alpha": 1.0, "beta": 1.0, "transA": 0}


def _layer(head: "ir.Node", bias_add: "ir.Node | None", activation: "ir.Node | None") -> Layer:
    output = head if bias_add is None else bias_add
    bias = _constant_operand(bias_add) if bias_add is not None else (head.inputs[2] if len(head.inputs) > 2 else None)
    return Layer(
        name=head.name or "",
        op_type=head.op_type,
        input=_name(head.inputs[0]),
        output=_name(output.outputs[0]),
        result=_name((activation or output).outputs[0]),
        weight=_name(head.inputs[1]),
        bias=_name(bias),
        axis=_axis(head),
        output_axis=1 if head.op_type in ("Conv", "ConvTranspose") else -1,
        clip=None if activation is None else _bounds(activation),
        attributes=_attributes(head),
    )


def _axis(node: "ir.Node") -> int:
    if node.op_type == "Gemm":
        return 0 if attribute(node, "transB", 0) else 1
    return 0 if node.op_type == "Conv" else 1


def _attributes(node: "ir.Node") -> Mapping[str, Any]:
    return {name: found.value for name, found in node.attributes.items() if not found.is_ref()}


def _bias_add(matmul: "ir.Node") -> "ir.Node | None":
    """The Add of a constant row behind a MatMul whose product nothing else reads."""
    add = _only_reader(matmul.outputs[0])
    weight = shape_of(matmul.inputs[1])
    if add is None or add.op_type != "Add" or weight is None:
        return None
    bias = _constant_operand(add)
    return add if bias is not None and _is_row(bias, weight[-1]) else None


def _constant_operand(add: "ir.Node") -> "ir.Value | None":
    return next((value for value in add.inputs if is_constant(value)), None)


def _is_row(bias: "ir.Value", size: int) -> bool:
    shape = shape_of(bias)
    return shape is not None and math.prod(shape) == size and (shape[-1:] == (size,))


def _activation(node: "ir.Node") -> "ir.Node | None":
    """A Relu or Clip(0, 6) behind a node whose output nothing else reads."""
    reader = _only_reader(node.outputs[0])
    return reader if reader is not None and _bounds(reader) is not None else None


def _bounds(node: "ir.Node") -> tuple[float, float] | None:
    if node.op_type == "Relu":
        return 0.0, math.inf
    if node.op_type != "Clip" or len(node.inputs) != 3:
        return None
    ends = [constant(value) for value in node.inputs[1:]]
    if any(end is None for end in ends):
        return None
    low, high = (float(np.asarray(end).item()) for end in ends)
    return (low, high) if (low, high) == (0.0, _RELU6) else None


def _only_reader(value: "ir.Value") -> "ir.Node | None":
    readers = list(_readers(value))
    if len(readers) != 1 or value.is_graph_output():
        return None
    return readers[0] if readers[0].graph is value.graph and readers[0].domain in ("", "ai.onnx") else None


def _readers(value: "ir.Value") -> "Iterator[ir.Node]":
    for use in value.uses():
        yield use.node


def _name(value: "ir.Value | None") -> str:
    return "" if value is None else value.name or ""

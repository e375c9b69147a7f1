"""What a unit's rules ask of an ONNX node, read from the graph; and which of its values are activations."""

import math
from typing import TYPE_CHECKING

from portproof.calibration.graph.access import constant, is_constant
from portproof.calibration.place.kept import kept
from portproof.device_profiles.integer_limits import Site

if TYPE_CHECKING:
    import onnx_ir as ir

_SMALL = 16  # elements: axes, pads and the like
_FIRST_ONLY = frozenset({"Clip", "Pad", "Resize", "Slice", "Split", "Upsample", "Gather", "Tile", "Expand", "TopK"})
# What only brings elements to other places: the values that come out are among those that go in.
MOVEMENT = frozenset(
    {"Concat", "DepthToSpace", "Flatten", "Identity", "Reshape", "SpaceToDepth", "Squeeze", "Transpose", "Unsqueeze"}
)


def site(node: "ir.Node") -> Site:
    """What is known of a node."""
    known = kept()
    if known is None:
        return _site(node)
    if node not in known.sites:
        known.sites[node] = _site(node)
    return known.sites[node]


def _site(node: "ir.Node") -> Site:
    values = {}
    for index, value in enumerate(node.inputs):
        array = constant(value) if value is not None and _is_small(value) else None
        if array is not None and array.dtype.kind in "iuf":
            values[index] = tuple(float(number) for number in array.reshape(-1))
    return Site(
        op=op_type(node),
        attributes={name: found.value for name, found in node.attributes.items() if not found.is_ref()},
        inputs=tuple(None if value is None else sizes(value) for value in node.inputs),
        outputs=tuple(sizes(value) for value in node.outputs),
        constants=frozenset(index for index, value in enumerate(node.inputs) if is_constant(value)),
        values=values,
    )


def op_type(node: "ir.Node") -> str:
    """The ONNX name of what a node computes; below opset 20 Gelu is a node of ONNX Runtime's own domain."""
    if node.domain in ("", "ai.onnx"):
        return node.op_type
    return _CONTRIB.get((node.domain, node.op_type), f"{node.domain}::{node.op_type}")


_CONTRIB = {("com.microsoft", "Gelu"): "Gelu", ("com.microsoft", "FastGelu"): "Gelu"}


def operands(node: "ir.Node") -> "tuple[ir.Value, ...]":
    """The float inputs that a kernel of a node takes as activations, constants among them; not weights of layers."""
    given = node.inputs[:1] if node.op_type in _FIRST_ONLY else node.inputs
    return tuple(value for value in given if value is not None and is_float(value))


def is_float(value: "ir.Value") -> bool:
    """Whether a value is a float32 tensor, the only kind that is quantized."""
    return value.dtype is not None and value.dtype.name == "FLOAT"


def sizes(value: "ir.Value") -> tuple[int | None, ...] | None:
    """The shape of a value; None for an open size, and where nothing is known."""
    if value.shape is None:
        return None
    return tuple(size if isinstance(size, int) else None for size in value.shape)


def elements(value: "ir.Value") -> int:
    """The number of elements of a value; an open size counts as 1."""
    return math.prod(size if size is not None else 1 for size in sizes(value) or ())


def _is_small(value: "ir.Value") -> bool:
    found = sizes(value)
    return found is not None and None not in found and elements(value) <= _SMALL

"""Values of a convolutional network whose channels can be scaled together, the layers around them taking it back.

Between linear layers stand operators that do not mind a positive factor for each channel: Relu, pools, additions of
two such values. All values tied by them make a group: its producers' output channels are multiplied by the factors,
its consumers' input channels are divided by them, and the function of the model stays what it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.graph.access import attribute, constant, is_constant, nodes, shape_of

if TYPE_CHECKING:
    import onnx_ir as ir

_PRODUCERS = ("Conv", "ConvTranspose")
_CONSUMERS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_PASSES = ("Relu", "LeakyRelu", "PRelu", "Identity", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool")
_SPATIAL = ("ReduceMean", "Flatten", "Reshape", "Squeeze")


@dataclass(kw_only=True)
class ChannelGroup:
    """Values that share a factor for each channel, in the order in which they were found.

    Attributes:
        channels: how many there are.
        values: all of them.
        producers: layers that make one of them.
        consumers: layers that read one of them.
        limits: the upper ends of Clips inside, by the name of the value they make.
    """

    channels: int
    values: "list[ir.Value]" = field(default_factory=list)
    producers: "list[ir.Node]" = field(default_factory=list)
    consumers: "list[ir.Node]" = field(default_factory=list)
    limits: dict[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its first value."""
        return self.values[0].name or ""

    @property
    def stored(self) -> list[str]:
        """Names of its values that are stored: not those that only an activation function reads, fused with it."""
        return [v.name or "" for v in self.values if not all(n.op_type in ("Relu", "Clip") for n, _ in v.uses())]

    @property
    def is_depthwise(self) -> bool:
        """Whether all that reads it has a filter for each channel."""
        return all(attribute(node, "group", 1) == self.channels for node in self.consumers)


def find(model: "ir.Model") -> list[ChannelGroup]:
    """All groups of a model, in the graph's order; a group with something in it that minds factors is none."""
    found, seen = [], set()
    for node in nodes(model, *_PRODUCERS):
        value, sizes = node.outputs[0], shape_of(node.outputs[0])
        if value in seen or sizes is None or len(sizes) < 3:
            continue
        group = ChannelGroup(channels=sizes[1])
        sound = _spread(group, value)
        seen.update(group.values)
        if sound and group.consumers:
            found.append(group)
    return found


def _spread(group: ChannelGroup, start: "ir.Value") -> bool:
    """Collect all that is tied to a value; False where something does not allow for factors."""
    waiting, sound = [start], True
    while waiting:
        value = waiting.pop()
        if value in group.values:
            continue
        group.values.append(value)
        tied = _behind(group, value)
        before = _before(group, value)
        if tied is None or before is None:
            sound = False  # what else is tied to it belongs to no other group
        waiting += [*(tied or ()), *(before or ())]
    return sound


def _before(group: ChannelGroup, value: "ir.Value") -> "list[ir.Value] | None":
    """The values that the maker of a value ties to it; None where it does not allow for factors."""
    node = value.producer()
    if node is None:
        return None
    if node.op_type in _PRODUCERS:
        group.producers.append(node)
        return [] if _owns_constants(node) else None
    return _tied(group, node)


def _behind(group: ChannelGroup, value: "ir.Value") -> "list[ir.Value] | None":
    """The same of the readers of a value."""
    if value.is_graph_output() or not value.uses():
        return None
    tied: list[ir.Value] = []
    for node, index in value.uses():
        if node.op_type in _CONSUMERS and index == 0:
            if not _owns_constants(node) or not _reads_channels(node):
                return None
            group.consumers.append(node)
        elif (found := _tied(group, node)) is None:
            return None
        else:
            tied += found
    return tied


def _tied(group: ChannelGroup, node: "ir.Node") -> "list[ir.Value] | None":
    """The values around a node that have the same factors; None for an operator that minds them."""
    if node.domain not in ("", "ai.onnx") or node.graph is None:
        return None
    first, out = node.inputs[0], node.outputs[0]
    if first is None or len([v for v in node.outputs if v.uses()]) > 1:
        return None
    if node.op_type == "Add":
        return _summands(node)
    if node.op_type in _PASSES:
        return [first, out]
    if node.op_type == "Clip":
        return [first, out] if _clips_at_zero(group, node) else None
    return [first, out] if node.op_type in _SPATIAL and _keeps_channels(group, node) else None


def _summands(node: "ir.Node") -> "list[ir.Value] | None":
    left, right = node.inputs[0], node.inputs[1]
    if left is None or right is None or is_constant(left) or is_constant(right):
        return None
    same = shape_of(left) is not None and shape_of(left) == shape_of(right)
    return [left, right, node.outputs[0]] if same else None


def _clips_at_zero(group: ChannelGroup, node: "ir.Node") -> bool:
    """Whether a Clip is from 0 to a constant, whose upper end is noted."""
    low, high = (constant(v) for v in (*node.inputs[1:3], None, None)[:2])
    if low is None or float(low) != 0:
        return False
    if high is not None:
        group.limits[node.outputs[0].name or ""] = float(high)
    return high is not None or len(node.inputs) < 3 or node.inputs[2] is None


def _keeps_channels(group: ChannelGroup, node: "ir.Node") -> bool:
    """Whether channels stay on axis 1, and nothing mixes with them."""
    before, after = shape_of(node.inputs[0]), shape_of(node.outputs[0])
    if before is None or after is None or len(before) < 2 or before[1] != group.channels or after[:2] != before[:2]:
        return False
    if node.op_type == "ReduceMean":
        axes = constant(node.inputs[1]) if len(node.inputs) > 1 else attribute(node, "axes", None)
        return axes is not None and all(axis % len(before) > 1 for axis in axes)
    return all(size == 1 for size in before[2:])


def _owns_constants(node: "ir.Node") -> bool:
    """Whether weight and bias are constants that no one else reads."""
    values = [value for value in node.inputs[1:] if value is not None]
    return all(is_constant(value) and len(value.uses()) == 1 for value in values)


def _reads_channels(node: "ir.Node") -> bool:
    """Whether a product reads channels as the last axis of two; a convolution does anyway."""
    if node.op_type in _PRODUCERS:
        return True
    sizes = shape_of(node.inputs[0])
    weight = shape_of(node.inputs[1])
    return (
        sizes is not None and weight is not None and len(sizes) == len(weight) == 2 and not attribute(node, "transA", 0)
    )


def rescale(group: ChannelGroup, factors: NDArray[np.float64]) -> None:
    """Multiply what the group's values hold by `factors` [channels], and take it back where they are read."""
    for node in group.producers:
        _scale_weight(node, factors, made=True)
        if len(node.inputs) > 2 and node.inputs[2] is not None:
            _set(node.inputs[2], lambda bias: bias * factors)
    for node in group.consumers:
        _scale_weight(node, 1 / factors, made=False)


def _scale_weight(node: "ir.Node", factors: NDArray[np.float64], *, made: bool) -> None:
    """Scale a weight along the channels that a layer makes, or along those that it reads."""
    groups = int(attribute(node, "group", 1))
    outputs_first = node.op_type == "Conv" or bool(attribute(node, "transB", 0))

    def scaled(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        # [groups, A of a group, B of a group or all of them, taps]: only the first axis spans all groups.
        parts = weight.reshape(groups, weight.shape[0] // groups, weight.shape[1], -1)
        spread = factors.reshape(groups, -1, 1, 1) if made == outputs_first else factors.reshape(groups, 1, -1, 1)
        return (parts * spread).reshape(weight.shape)

    _set(node.inputs[1], scaled)


def _set(value: "ir.Value | None", change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
    """Give an initializer another array of the same shape and type; its name stays."""
    import onnx_ir as ir

    array = constant(value)
    if value is not None and array is not None:
        changed = np.ascontiguousarray(change(array.astype(np.float64)), array.dtype)
        value.const_value = ir.tensor(changed, name=value.name)

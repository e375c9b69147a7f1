"""A matrix product with constant weights and the Add of its bias, as one thing that channels can be taken out of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.graph.access import add_constant, attribute, constant, feeds_only, is_constant, shape_of
from portproof.calibration.place.marked import is_marked

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]

_BIAS = 2  # a Gemm's


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """A MatMul or Gemm whose weight is a constant of its own, of two axes.

    Attributes:
        product: the node.
        add: that of a MatMul's bias; None where it has none, and of a Gemm.
    """

    product: "ir.Node"
    add: "ir.Node | None" = None

    @property
    def out(self) -> "ir.Value":
        """What it makes, bias included."""
        return (self.add or self.product).outputs[0]

    def weights(self) -> Floats:
        """[inputs, outputs], float64."""
        array = np.asarray(constant(self.product.inputs[1]), np.float64)
        return array.T if self._is_turned else array

    def set_weights(self, weights: Floats) -> None:
        """Give it other weights of the same shape."""
        import onnx_ir as ir

        value = self.product.inputs[1]
        if value is not None and value.dtype is not None:
            array = np.ascontiguousarray(weights.T if self._is_turned else weights, value.dtype.numpy())
            value.const_value = ir.tensor(array, name=value.name)

    def bias(self) -> Floats | None:
        """[outputs], float64; None without one."""
        holder, index = self._bias
        array = constant(holder.inputs[index]) if index < len(holder.inputs) else None
        return None if array is None else np.asarray(array, np.float64)

    def set_bias(self, model: "ir.Model", bias: Floats) -> None:
        """Give it another one, a constant of its own."""
        holder, index = self._bias
        old = holder.inputs[index]
        if old is not None and old.dtype is not None:
            holder.replace_input_with(
                index, add_constant(model.graph, bias.astype(old.dtype.numpy()), f"{old.name}_rest")
            )
            if not old.uses() and not old.is_graph_output():
                model.graph.initializers.pop(old.name or "", None)

    @property
    def _bias(self) -> "tuple[ir.Node, int]":
        if self.add is None:
            return self.product, _BIAS
        return self.add, 1 if self.add.inputs[0] is self.product.outputs[0] else 0

    @property
    def _is_turned(self) -> bool:
        return bool(attribute(self.product, "transB", 0))


def of_product(node: "ir.Node") -> Linear | None:
    """The Linear that begins with a node; what is marked to stay float is none."""
    weight = node.inputs[1] if len(node.inputs) > 1 else None
    if node.op_type not in ("MatMul", "Gemm") or node.domain not in ("", "ai.onnx") or node.inputs[0] is None:
        return None
    if is_marked(node):
        return None
    if weight is None or not is_constant(weight) or len(weight.uses()) != 1 or len(shape_of(weight) or ()) != 2:
        return None
    if node.op_type == "Gemm":
        return Linear(product=node) if _is_plain(node) else None
    made = node.outputs[0]
    reader = next(iter(made.uses())).node if feeds_only(made) else None
    return Linear(product=node, add=reader if reader is not None and _adds_row(reader, made) else None)


def of_value(value: "ir.Value") -> Linear | None:
    """The Linear that makes a value."""
    node = value.producer()
    if node is not None and node.op_type == "Add":
        makers = [each.producer() for each in node.inputs if each is not None and not is_constant(each)]
        node = makers[0] if len(makers) == 1 else None
    found = of_product(node) if node is not None else None
    return found if found is not None and found.out is value else None


def _is_plain(node: "ir.Node") -> bool:
    plain = not attribute(node, "transA", 0) and attribute(node, "alpha", 1.0) == attribute(node, "beta", 1.0) == 1.0
    held = node.inputs[_BIAS] if len(node.inputs) > _BIAS else None
    return plain and (held is None or _is_row(held, node.outputs[0]))


def _adds_row(node: "ir.Node", value: "ir.Value") -> bool:
    others = [each for each in node.inputs if each is not None and each is not value]
    return node.op_type == "Add" and node.domain in ("", "ai.onnx") and len(others) == 1 and _is_row(others[0], value)


def _is_row(held: "ir.Value", value: "ir.Value") -> bool:
    """Whether a constant holds one number for each channel of the last axis."""
    return is_constant(held) and shape_of(held) == (shape_of(value) or (0,))[-1:]

"""Values that matrix products contract with constant weights, and the factors that move between the two."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.graph import provenance
from portproof.calibration.graph.access import add_constant, attribute, constant, is_constant, nodes, shape_of
from portproof.calibration.place.marked import is_marked
from portproof.calibration.transforms.shifts import add_shift, has_shift

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]

_NORMALISATIONS = frozenset({"LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"})
_RESHAPES = frozenset({"Flatten", "Reshape", "Squeeze", "Unsqueeze"})
_BIAS = 2  # a LayerNormalization's
# Functions that no factor moves through: what they make is divided by a Mul of its own.
_FUNCTIONS = frozenset({"Elu", "Gelu", "HardSwish", "Mish", "Selu", "Softplus", "Swish"})


@dataclass(frozen=True, kw_only=True, eq=False)
class ProductGroup:
    """Matrix products that read one value, as it is or in other shapes of the same last axis.

    Attributes:
        value: what they read; its last axis is contracted.
        products: MatMul and Gemm nodes whose weights are constants of two axes that no one else reads; one at least
            that may be int8: what is marked to stay float takes factors over like the others.
        doors: what of theirs reads the value: products, or reshapes that lead to products alone.
    """

    value: "ir.Value"
    products: "tuple[ir.Node, ...]"
    doors: "tuple[ir.Node, ...]"

    @property
    def name(self) -> str:
        """That of the value."""
        return self.value.name or ""

    def weights(self) -> Floats:
        """All weights that may be rounded beside each other, [inputs, outputs of all]."""
        rounded = [node for node in self.products if not is_marked(node)]
        return np.concatenate([_inputs_first(node, _array(node)) for node in rounded], axis=1)

    @property
    def needs_mul(self) -> bool:
        """Whether its maker takes no factors over: a Mul behind it does."""
        return not _takes_factors(self.value)

    @property
    def is_free(self) -> bool:
        """Whether nothing but the products reads the value: then its maker itself takes factors over."""
        if self.needs_mul:
            return False
        return not self.value.is_graph_output() and {user for user, _ in self.value.uses()} == set(self.doors)

    @property
    def takes_shift(self) -> bool:
        """Whether its maker's bias can be lowered, and its products' raised for that."""
        maker = self.value.producer()
        return maker is not None and has_shift(maker, self.products)


def find(model: "ir.Model") -> list[ProductGroup]:
    """All groups behind a maker that takes factors over, in the graph's order of their first product."""
    eligible = {node for node in nodes(model, "MatMul", "Gemm") if _is_product(node)}
    found: dict[ir.Value, tuple[list[ir.Node], list[ir.Node]]] = {}
    for node in nodes(model, "MatMul", "Gemm"):
        if node in eligible:
            value, door = _source(node, eligible)
            if value is not None and (_takes_factors(value) or _is_of_function(value)):
                products, doors = found.setdefault(value, ([], []))
                products.append(node)
                doors.append(door)
    return [
        ProductGroup(value=value, products=tuple(products), doors=tuple(dict.fromkeys(doors)))
        for value, (products, doors) in found.items()
        if not all(is_marked(node) for node in products)
    ]


def _is_product(node: "ir.Node") -> bool:
    """Whether a node multiplies the last axis of what it reads with constant weights of its own."""
    value, weight = node.inputs[0], node.inputs[1]
    if value is None or weight is None or attribute(node, "transA", 0):
        return False
    return is_constant(weight) and len(weight.uses()) == 1 and len(shape_of(weight) or ()) == 2


def _source(node: "ir.Node", eligible: "Collection[ir.Node]") -> "tuple[ir.Value | None, ir.Node]":
    """What a product reads before it was reshaped, and the node of that way which reads it."""
    while True:
        value = node.inputs[0]
        maker = value.producer() if value is not None else None
        if value is None or maker is None or maker.op_type not in _RESHAPES or not _keeps_last(maker):
            return value, node
        if value.is_graph_output() or not all(_leads_to(user, eligible) for user, _ in value.uses()):
            return value, node
        node = maker


def _leads_to(node: "ir.Node", eligible: "Collection[ir.Node]") -> bool:
    """Whether a node is such a product, or a reshape that leads to nothing else."""
    if node in eligible:
        return True
    made = node.outputs[0]
    if node.op_type not in _RESHAPES or not _keeps_last(node) or made.is_graph_output():
        return False
    return all(_leads_to(user, eligible) for user, _ in made.uses())


def _keeps_last(node: "ir.Node") -> bool:
    before, after = shape_of(node.inputs[0]), shape_of(node.outputs[0])
    return bool(before and after and before[-1] == after[-1] > 1)


def divide(model: "ir.Model", group: ProductGroup, factors: Floats, shift: Floats | None = None) -> None:
    """Divide what the products read by `factors` [inputs], multiply their weights with them.

    Given: y = LayerNormalization(x, scale, bias);  a = MatMul(y, w)
    Result: y = LayerNormalization(x, scale / f, bias / f);  a = MatMul(y, f * w)

    With a `shift` m [inputs], where the group takes one: bias / f is (bias - m) / f, and the products add m w more.
    Where anything else reads y, it keeps its own: the products read a second LayerNormalization. Where y is made by a
    function that factors do not move through (Gelu), they read Mul(y, 1 / f).
    """
    maker = group.value.producer()
    if maker is None:
        return
    for node in group.products:
        turned = bool(attribute(node, "transB", 0))
        if shift is not None:
            add_shift(model, node, shift @ _inputs_first(node, _array(node)))
        _set(node.inputs[1], _array(node) * (factors if turned else factors[:, None]))
    if group.needs_mul:
        _multiply(model, group, 1 / factors)
        return
    maker = maker if group.is_free else _doubled(model, group, maker)
    for index in _factor_inputs(maker):
        _replace(model, maker, index, factors, shift if index == _BIAS else None)


def _takes_factors(value: "ir.Value") -> bool:
    """Whether a value is made by multiplying with a constant for each channel of its last axis."""
    node, sizes = value.producer(), shape_of(value)
    if node is None or sizes is None or any(out.uses() for out in node.outputs[1:]):
        return False
    if node.op_type in _NORMALISATIONS:
        axis = attribute(node, "axis", -1)
        return axis in (-1, len(sizes) - 1) and all(is_constant(v) for v in node.inputs[1:] if v is not None)
    return node.op_type == "Mul" and len(_factor_inputs(node)) == 1


def _is_of_function(value: "ir.Value") -> bool:
    maker = value.producer()
    return maker is not None and maker.op_type in _FUNCTIONS and (shape_of(value) or (0,))[-1] > 1


def _multiply(model: "ir.Model", group: ProductGroup, factors: Floats) -> None:
    """Let the products read their value times `factors` [inputs]."""
    import onnx_ir as ir

    maker = group.value.producer()
    if maker is None or group.value.dtype is None:
        return
    row = add_constant(model.graph, factors.astype(group.value.dtype.numpy()), f"{group.name}_factors")
    made = ir.Value(name=f"{group.name}_migrated", shape=group.value.shape, type=group.value.type)
    node = ir.Node("", "Mul", [group.value, row], outputs=[made], name=f"{maker.name or group.name}_migrated")
    provenance.inherit(node, maker)
    for door in group.doors:
        door.replace_input_with(0, made)
    model.graph.insert_after(maker, node)


def _factor_inputs(node: "ir.Node") -> list[int]:
    """Which inputs hold what is divided."""
    if node.op_type in _NORMALISATIONS:
        return [index for index, value in enumerate(node.inputs) if index > 0 and value is not None]
    last = (shape_of(node.outputs[0]) or (0,))[-1]
    return [i for i, value in enumerate(node.inputs) if is_constant(value) and (shape_of(value) or (0,))[-1] == last]


def _replace(model: "ir.Model", node: "ir.Node", index: int, factors: Floats, less: Floats | None) -> None:
    """Give a node a constant of its own, lowered and divided; the old one goes where nothing else reads it."""
    value = node.inputs[index]
    array = constant(value)
    if value is None or array is None:
        return
    divided = ((array if less is None else array - less) / factors).astype(array.dtype)
    node.replace_input_with(index, add_constant(model.graph, divided, f"{value.name}_migrated"))
    if not value.uses() and not value.is_graph_output():
        model.graph.initializers.pop(value.name or "", None)


def _doubled(model: "ir.Model", group: ProductGroup, maker: "ir.Node") -> "ir.Node":
    """The same node once more, for the products alone."""
    import onnx_ir as ir

    made = ir.Value(name=f"{group.name}_migrated", shape=group.value.shape, type=group.value.type)
    name, settings = f"{maker.name or group.name}_migrated", list(maker.attributes.values())
    twin = ir.Node(maker.domain, maker.op_type, maker.inputs, settings, outputs=[made], name=name)
    model.graph.insert_after(maker, twin)
    provenance.inherit(twin, maker)
    for node in group.doors:
        node.replace_input_with(0, made)
    return twin


def _array(node: "ir.Node") -> Floats:
    return np.asarray(constant(node.inputs[1]), np.float64)


def _inputs_first(node: "ir.Node", weight: Floats) -> Floats:
    return weight.T if attribute(node, "transB", 0) else weight


def _set(value: "ir.Value | None", array: Floats) -> None:
    import onnx_ir as ir

    if value is not None and value.dtype is not None:
        value.const_value = ir.tensor(np.ascontiguousarray(array, value.dtype.numpy()), name=value.name)

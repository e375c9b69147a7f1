"""Hidden channels of two matrix products with functions of single elements between, some computed beside the others.

Given: y = W2 f(W1 x + b1) + b2
Result: y = (W2 f(W1 x + b1) + b2) + W2[:, O] f(W1[O] x + b1[O]), where the first W1, b1 and W2 are zero at channels O
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.graph import provenance
from portproof.calibration.graph.access import add_constant, is_constant, nodes, shape_of
from portproof.calibration.place.marked import mark
from portproof.calibration.transforms import linear
from portproof.calibration.transforms.linear import Linear

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DOMAINS = ("", "ai.onnx", "com.microsoft")
#: Functions of single elements: what they make of one channel depends on no other.
_ELEMENTWISE = frozenset({
    "Add", "Clip", "Div", "Elu", "Erf", "FastGelu", "Gelu", "HardSigmoid", "HardSwish", "LeakyRelu", "Mish", "Mul",
    "QuickGelu", "Relu", "Selu", "Sigmoid", "Softplus", "Sub", "Swish", "Tanh",
})  # fmt: skip
_MOST_BETWEEN = 12
_WHY = "its few channels hold what would make int8 steps too coarse for all others"


@dataclass(frozen=True, kw_only=True, eq=False)
class Hidden:
    """What lies between two products.

    Attributes:
        makers: products that make the channels; of a gate two.
        between: nodes between, in the graph's order.
        reader: the product that contracts the channels.
    """

    makers: tuple[Linear, ...]
    between: "tuple[ir.Node, ...]"
    reader: Linear

    @property
    def value(self) -> "ir.Value":
        """What the reader reads; channels on its last axis."""
        return self.reader.product.inputs[0]  # type: ignore[return-value]  # `of_product` saw to it

    @property
    def name(self) -> str:
        """That of the value."""
        return self.value.name or ""


def find(model: "ir.Model") -> list[Hidden]:
    """All in the graph's order; none shares a product with another."""
    order = {node: index for index, node in enumerate(model.graph)}
    found: list[Hidden] = []
    taken: set[ir.Node] = set()
    for node in nodes(model, "MatMul", "Gemm"):
        each = _of_reader(node, order)
        products = {node, *(maker.product for maker in each.makers)} if each is not None else set()
        if each is not None and not products & taken:  # what a split adds behind a reader is no maker's any more
            found.append(each)
            taken |= products
    return found


def _of_reader(node: "ir.Node", order: "dict[ir.Node, int]") -> Hidden | None:
    reader = linear.of_product(node)
    if reader is None or node.inputs[0] is None or reader.out.is_graph_output():
        return None
    between: set[ir.Node] = set()
    makers = _behind(node.inputs[0], between)
    if not makers or not between or len(between) > _MOST_BETWEEN:
        return None
    inside = {each.outputs[0] for each in between} | {maker.out for maker in makers}
    own = all(use.node in between or use.node is node for value in inside for use in value.uses())
    if not own or any(value.is_graph_output() for value in inside):
        return None
    return Hidden(makers=tuple(makers), between=tuple(sorted(between, key=order.__getitem__)), reader=reader)


def _behind(value: "ir.Value", between: "set[ir.Node]") -> list[Linear]:
    """The products that a value is made of through functions of single elements; none where there is anything else."""
    maker = linear.of_value(value)
    if maker is not None:
        return [maker]
    node = value.producer()
    if node is None or not _is_elementwise(node) or len(between) > _MOST_BETWEEN:
        return []
    if node in between:
        return []
    between.add(node)
    found: list[Linear] = []
    for each in node.inputs:
        if each is None or is_constant(each) or (each.producer() in between):
            continue
        more = _behind(each, between)
        if not more:
            return []
        found += [one for one in more if all(one.out is not other.out for other in found)]
    return found


def _is_elementwise(node: "ir.Node") -> bool:
    """Whether a node works on elements, of one shape, with constants of one number."""
    if node.op_type not in _ELEMENTWISE or node.domain not in _DOMAINS:
        return False
    wanted = shape_of(node.outputs[0])
    given = [each for each in node.inputs if each is not None]
    numbers = all(np.prod(shape_of(each) or (1,)) == 1 for each in given if is_constant(each))
    return wanted is not None and numbers and all(is_constant(each) or shape_of(each) == wanted for each in given)


def split(model: "ir.Model", hidden: Hidden, channels: Collection[int]) -> None:
    """Compute these channels in products of their own, which are marked to stay float; see above."""
    _Split(model, hidden, np.asarray(sorted(channels), np.int64)).run()


class _Split:
    """The nodes that one split adds."""

    def __init__(self, model: "ir.Model", hidden: Hidden, channels: Integers) -> None:
        self.model, self.hidden, self.channels = model, hidden, channels
        self.few: dict[ir.Value, ir.Value] = {}
        self.nodes: list[ir.Node] = []

    def run(self) -> None:
        reader, at = self.hidden.reader, self.channels
        for maker in self.hidden.makers:
            self.few[maker.out] = self._made(maker)
            maker.set_weights(_zeroed(maker.weights(), at, axis=1))
        for node in self.hidden.between:
            self.few[node.outputs[0]] = self._copy(node)
        side = self._product(reader, self.few[self.hidden.value], reader.weights()[at])
        reader.set_weights(_zeroed(reader.weights(), at, axis=0))
        self._sum(side)

    def _made(self, maker: Linear) -> "ir.Value":
        """The channels of a maker, its bias included, which goes from the maker."""
        made = self._product(maker, maker.product.inputs[0], maker.weights()[:, self.channels])
        bias = maker.bias()
        if bias is None:
            return made
        maker.set_bias(self.model, _zeroed(bias, self.channels, axis=0))
        return self._node("Add", [made, self._constant(bias[self.channels], maker.out)], maker.out, len(self.channels))

    def _product(self, like: Linear, x: "ir.Value | None", weights: Floats) -> "ir.Value":
        held = self._constant(weights, like.out)
        return self._node("MatMul", [x, held], like.out, weights.shape[1])

    def _copy(self, node: "ir.Node") -> "ir.Value":
        inputs = [self.few.get(each, each) if each is not None else None for each in node.inputs]
        made = self._node(node.op_type, inputs, node.outputs[0], len(self.channels), domain=node.domain)
        made.producer().attributes.update(node.attributes)  # type: ignore[union-attr]  # it was made just now
        return made

    def _sum(self, side: "ir.Value") -> None:
        last = self.hidden.reader.out
        users = list(last.uses())
        total = self._node("Add", [last, side], last, (shape_of(last) or (0,))[-1])
        for user, index in users:
            user.replace_input_with(index, total)
        self.model.graph.insert_after(self.hidden.reader.add or self.hidden.reader.product, self.nodes)

    def _node(
        self, op_type: str, inputs: "list[ir.Value | None]", like: "ir.Value", channels: int, *, domain: str = ""
    ) -> "ir.Value":
        """A new node, whose result is like another but for its channels."""
        import onnx_ir as ir

        name = f"{like.name}_apart_{len(self.nodes)}"
        shape = ir.Shape([*(shape_of(like) or ())[:-1], channels])
        made = ir.Value(name=name, shape=shape, type=like.type)
        node = ir.Node(domain, op_type, inputs, outputs=[made], name=name)
        provenance.inherit(node, like.producer())
        mark(node, _WHY)
        self.nodes.append(node)
        return made

    def _constant(self, array: Floats, like: "ir.Value") -> "ir.Value":
        dtype = like.dtype.numpy() if like.dtype is not None else np.dtype(np.float32)
        return add_constant(self.model.graph, array.astype(dtype), f"{like.name}_few")


def _zeroed(array: Floats, channels: Integers, *, axis: int) -> Floats:
    zeroed = np.array(array)
    zeroed[(slice(None),) * axis + (channels,)] = 0.0
    return zeroed

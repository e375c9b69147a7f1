"""GELU, which exporters below opset 20 spell out, becomes one node again."""

import math
from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from portproof.calibration.graph import provenance
from portproof.calibration.graph.access import constant, nodes, replace, shape_of

_CONTRIB = "com.microsoft"
_GELU_SINCE = 20
_TOLERANCE = {ir.DataType.FLOAT: 1e-6, ir.DataType.FLOAT16: 2e-3}
_CUBE = 0.044715
_MOST_PRODUCTS = 4
"""Products looked through, one above the other; a GELU has at most three."""


@dataclass(frozen=True, kw_only=True)
class _Product:
    """A chain of multiplications: the factors known now in one number, and those that are not."""

    number: float
    factors: tuple[ir.Value, ...]


class RecogniseGelu(ir.passes.InPlacePass):
    """Finds x (1 + erf(x / sqrt 2)) / 2 and its approximation by tanh, in any order of the products.

    Given: d = Div(x, 1.4142135);  e = Erf(d);  a = Add(e, 1);  h = Mul(a, 0.5);  y = Mul(x, h)
    Result: y = Gelu(x)

    Below opset 20 the nodes are those of ONNX Runtime: Gelu and FastGelu of the domain com.microsoft.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """Replace the last product of each; what it was made of goes when nobody else reads it."""
        from onnx_ir.passes import common

        found = [_replace(model, node) for node in nodes(model, "Mul")]
        if any(found):
            common.RemoveUnusedNodesPass()(model)
        return ir.passes.PassResult(model, any(found))


def _replace(model: ir.Model, node: ir.Node) -> bool:
    match = _match(node)
    if match is None or node.graph is None:
        return False
    x, approximate = match
    gelu = _node(model, x, approximate)
    gelu.outputs[0].shape, gelu.outputs[0].type = node.outputs[0].shape, node.outputs[0].type
    node.graph.insert_before(node, gelu)
    provenance.inherit(gelu, node)
    return replace(node.outputs[0], gelu.outputs[0])


def _node(model: ir.Model, x: ir.Value, approximate: str) -> ir.Node:
    if model.opset_imports.get("", 1) >= _GELU_SINCE:
        return ir.node("Gelu", [x], {"approximate": approximate})
    model.graph.opset_imports[_CONTRIB] = 1
    return ir.node("Gelu" if approximate == "none" else "FastGelu", [x], domain=_CONTRIB)


def _match(node: ir.Node) -> tuple[ir.Value, str] | None:
    """The input of the GELU whose last product is `node`, and which of the two it is."""
    last = node.outputs[0]
    for gate in _product(last).factors:
        inner = _one_plus(gate)
        if inner is None or inner.op_type not in ("Erf", "Tanh"):
            continue
        for x in _candidates(inner.inputs[0]):
            product = _product(last, stop=x)
            whole = sorted(map(id, product.factors)) == sorted((id(x), id(gate))) and product.number == 0.5
            if not whole or shape_of(x) is None or shape_of(x) != shape_of(last):
                continue
            if inner.op_type == "Erf" and _is_scaled(inner.inputs[0], x):
                return x, "none"
            if inner.op_type == "Tanh" and _is_cubic(inner.inputs[0], x):
                return x, "tanh"
    return None


def _candidates(value: ir.Value | None, depth: int = 3) -> list[ir.Value]:
    """Whatever the argument of erf or tanh is computed from, the nearest first."""
    node = value.producer() if value is not None else None
    if node is None or depth == 0 or node.op_type not in ("Mul", "Div", "Add"):
        return []
    near = [item for item in node.inputs if item is not None and _number(item) is None]
    return near + [found for item in near for found in _candidates(item, depth - 1)]


def _one_plus(value: ir.Value) -> ir.Node | None:
    """The node whose output is one less than `value`."""
    node = _producer(value, "Add")
    if node is None:
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        if _number(one) == 1 and other is not None:
            return other.producer()
    return None


def _is_scaled(value: ir.Value | None, x: ir.Value) -> bool:
    """Whether `value` is x / sqrt 2."""
    product = _product(value, stop=x)
    return product.factors == (x,) and _close(product.number, math.sqrt(0.5), x)


def _is_cubic(value: ir.Value | None, x: ir.Value) -> bool:
    """Whether `value` is sqrt(2 / pi) (x + 0.044715 x^3)."""
    product = _product(value, stop=x)
    if len(product.factors) != 1 or not _close(product.number, math.sqrt(2 / math.pi), x):
        return False
    node = _producer(product.factors[0], "Add")
    if node is None or x not in node.inputs:
        return False
    cube = node.inputs[1] if node.inputs[0] is x else node.inputs[0]
    scaled = _product(cube, stop=x)
    return scaled.factors == (x, x, x) and _close(scaled.number, _CUBE, x)


def _product(value: ir.Value | None, *, stop: ir.Value | None = None, depth: int = _MOST_PRODUCTS) -> _Product:
    """`value` as a product, taken apart down to `stop`; division by a number and third powers count."""
    number = _number(value)
    if value is None or number is not None:
        return _Product(number=1 if number is None else number, factors=())
    node = value.producer()
    if node is None or value is stop or depth == 0 or node.domain not in ("", "ai.onnx"):
        return _Product(number=1, factors=(value,))
    if node.op_type == "Mul":
        left, right = (_product(item, stop=stop, depth=depth - 1) for item in node.inputs)
        return _Product(number=left.number * right.number, factors=left.factors + right.factors)
    second = _number(node.inputs[1]) if node.op_type in ("Div", "Pow") else None
    if node.op_type == "Div" and second:
        top = _product(node.inputs[0], stop=stop, depth=depth - 1)
        return _Product(number=top.number / second, factors=top.factors)
    if node.op_type == "Pow" and second == 3 and node.inputs[0] is not None:
        return _Product(number=1, factors=(node.inputs[0],) * 3)
    return _Product(number=1, factors=(value,))


def _producer(value: ir.Value, op_type: str) -> ir.Node | None:
    node = value.producer()
    return node if node is not None and node.op_type == op_type and node.domain in ("", "ai.onnx") else None


def _number(value: ir.Value | None) -> float | None:
    """The number that a constant of one element holds."""
    if value is None or shape_of(value) is None or np.prod(shape_of(value) or (1,)) != 1:
        return None
    array = constant(value)
    return None if array is None or array.dtype.kind != "f" else float(array.reshape(-1)[0])


def _close(number: float, wanted: float, like: ir.Value) -> bool:
    """Equal as far as the digits of the constants in the file go."""
    tolerance = _TOLERANCE.get(like.dtype, 0.0) if like.dtype is not None else 0.0
    return abs(number - wanted) <= tolerance * wanted

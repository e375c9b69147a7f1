"""Shapes that follow from those of later values: what the model declares of its outputs says more than its inputs."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.exporter.passes.graph import shape_of

_FIRST = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast CastLike Ceil Celu Clip Cos Cosh CumSum Elu Erf Exp "
    "Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log LogSoftmax Mish Neg Not Reciprocal Relu "
    "Round Selu Sigmoid Sign Sin Sinh Softmax Softplus Softsign Sqrt Tan Tanh ThresholdedRelu Trilu"
)
"""The first input has the shape of the output."""
_ALL = (
    "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min "
    "Mod Mul Or Pow Sub Sum Where Xor"
)
"""All inputs broadcast to the output."""
_SAME_SHAPE, _BROADCAST = frozenset(_FIRST.split()), frozenset(_ALL.split())

Dims = tuple[int | str | None, ...]
"""Sizes, names of sizes that inference gave to unknown ones, None where it gave none."""


class InferFromOutputs(ir.passes.InPlacePass):
    """Fill in sizes that the shape of a node's output determines; what is known stays.

    Given: float[n] w = Range(...);  float[8] y = Cos(w)
    Result: float[8] w

    Through an operator that broadcasts, an input has the output's size wherever all other inputs have 1 or the same
    name for their size. A name means one size wherever it stands.
    """

    def call(self, model: ir.Model) -> ir.passes.PassResult:
        """From the last node to the first; once is enough."""
        sizes: dict[str, int] = {}
        changes = [_infer(node, sizes) for node in reversed(list(model.graph)) if node.domain in ("", "ai.onnx")]
        for value in model.graph.inputs:
            for name in _dims(value) or ():
                sizes.pop(str(name), None)
        if sizes:
            _name(model, sizes)
        return ir.passes.PassResult(model, any(changes) or bool(sizes))


def has_unknown_shape(model: ir.Model) -> bool:
    """Whether a value of the main graph has a shape that is not known."""
    return any(shape_of(value) is None for node in model.graph for value in node.outputs if value.name)


def _infer(node: ir.Node, sizes: dict[str, int]) -> bool:
    """Reads sizes off the output; True where a value without any shape got one."""
    out = _known(node.outputs[0], sizes) if node.outputs else None
    if out is None:
        return False
    operands = [value for value in node.inputs if value is not None]
    if node.op_type in _SAME_SHAPE:
        return _settle(operands[0], out, sizes)
    if node.op_type not in _BROADCAST:
        return False
    ranks = [len(dims) for value in operands if (dims := _dims(value)) is not None]
    shapeless = {value for value in operands if _dims(value) is None}
    if shapeless:
        # One that has no rank either has all axes, where the others are shorter and it is alone.
        alone = len(shapeless) == 1 and max(ranks, default=0) < max(len(out), 1)
        return alone and _all_ones(operands) and _settle(shapeless.pop(), out, sizes)
    _equate([_dims(value) or () for value in operands], out, sizes)
    return False


def _equate(operands: Sequence[Dims], out: Dims, sizes: dict[str, int]) -> None:
    """Names the sizes of axes on which all operands that do not have 1 have one name."""
    for axis in range(1, len(out) + 1):
        found = {sizes.get(str(dims[-axis]), dims[-axis]) for dims in operands if len(dims) >= axis} - {1}
        size, name = out[-axis], found.pop() if len(found) == 1 else None
        if isinstance(size, int) and isinstance(name, str):
            sizes[name] = size


def _all_ones(operands: Sequence[ir.Value]) -> bool:
    return all(size == 1 for value in operands for size in _dims(value) or ())


def _dims(value: ir.Value) -> Dims | None:
    if value.shape is None:
        return None
    return tuple(size if isinstance(size, int) else size.value for size in value.shape)


def _known(value: ir.Value, sizes: dict[str, int]) -> Dims | None:
    dims = _dims(value)
    return None if dims is None else tuple(sizes.get(str(size), size) for size in dims)


def _settle(value: ir.Value, shape: Dims, sizes: dict[str, int]) -> bool:
    """Gives `value` the shape if it has none, else its names the sizes."""
    dims = _dims(value)
    if dims is not None:
        if len(dims) == len(shape):
            _equate([dims], shape, sizes)
        return False
    if any(not isinstance(size, int) for size in shape):
        return False
    value.shape = ir.Shape(shape)
    return True


def _name(model: ir.Model, sizes: dict[str, int]) -> None:
    for value in (value for node in model.graph for value in node.outputs):
        dims, known = _dims(value), _known(value, sizes)
        if known is not None and known != dims:
            value.shape = ir.Shape(known)

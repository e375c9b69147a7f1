"""Quantized models round: a float sum in another order may be a whole step off behind a QuantizeLinear, and spread.

So what is proven of them strictly is the model without its roundings.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

_ROUNDS = frozenset({"QuantizeLinear", "DynamicQuantizeLinear"})

#: Of an output's largest value: what a model may differ by whose roundings fall otherwise.
MOST = 0.1


def scales(model: "ir.Model") -> set[tuple[bytes, ...]]:
    """The constants that pairs round and widen by: no simplification has others than the model it came from."""
    from portproof.exporter.passes.graph import constant

    found = set()
    for node in model.graph.all_nodes():
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            arrays = (constant(value) for value in node.inputs[1:])
            found.add(tuple(b"" if array is None else array.tobytes() for array in arrays))
    return found


def without_rounding(model: "ir.Model") -> "ir.Model | None":
    """A copy in which what is read through a pair is read as it was made; None where there is no pair.

    Given: q = QuantizeLinear(x, s, z);  d = DequantizeLinear(q, s, z);  y = Relu(d)
    Result: y = Relu(x)

    Weights that are integers stay so.
    """
    from onnx_ir.passes import common

    from portproof.exporter.passes.graph import replace

    copy = model.clone()
    found = 0
    for node in list(copy.graph):
        rounds = (
            node.inputs[0].producer() if node.op_type == "DequantizeLinear" and node.inputs[0] is not None else None
        )
        if rounds is not None and rounds.op_type in _ROUNDS and rounds.inputs[0] is not None:
            found += replace(node.outputs[0], rounds.inputs[0])
    if not found:
        return None
    common.RemoveUnusedNodesPass()(copy)
    return copy

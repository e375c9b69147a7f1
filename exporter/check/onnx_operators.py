"""The operators of an ONNX graph, as rules see them: Q/DQ pairs are what they say of the tensors between."""

from collections.abc import Collection
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.exporter.check.macs import onnx_macs
from portproof.exporter.check.operators import Operator, dtype_name, operator
from portproof.exporter.lowering.patterns import recognised

_FEW = 64


def operators_of(model: ir.Model) -> list[Operator]:
    """The operators of the main graph in their order; pairs that only mark a quantized tensor are no operators.

    A node that reads a tensor through a DequantizeLinear, or whose result goes into a QuantizeLinear alone, is seen
    with integers there, as providers see it that compute in integers.
    """
    left = {node.outputs[0].name for node in recognised(model).graph if node.outputs}
    return [_operator(node, left) for node in model.graph if not _is_mark(node)]


def _is_mark(node: ir.Node) -> bool:
    """Whether a node only marks: the DequantizeLinear of a constant or of a pair, the QuantizeLinear of a pair."""
    if node.op_type == "DequantizeLinear":
        source = node.inputs[0]
        maker = None if source is None else source.producer()
        return source is not None and (_constant(source) or (maker is not None and maker.op_type == "QuantizeLinear"))
    if node.op_type == "QuantizeLinear":
        uses = list(node.outputs[0].uses())
        return bool(uses) and all(use.node.op_type == "DequantizeLinear" for use in uses)
    return False


def _operator(node: ir.Node, left: Collection[str | None]) -> Operator:
    facts = OpFacts(
        dialect="onnx",
        op=node.op_type,
        name=node.name or (node.outputs[0].name or ""),
        inputs=tuple(None if value is None else _read(value) for value in node.inputs),
        outputs=tuple(_made(value) for value in node.outputs),
        attributes={name: _plain(attribute) for name, attribute in node.attributes.items()},
        version=node.version or 0,
        pattern="" if node.outputs[0].name in left else "Gelu",
    )
    return operator(facts, node, onnx_macs(facts))


def _plain(attribute: ir.Attr) -> Any:
    if attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS, ir.AttributeType.TENSOR):
        return None
    value = attribute.value
    return list(value) if isinstance(value, tuple) else value


def _read(value: ir.Value) -> TensorFacts:
    """A tensor as its reader sees it: through a DequantizeLinear, the integers behind it."""
    maker = value.producer()
    if maker is None or maker.op_type != "DequantizeLinear" or maker.inputs[0] is None:
        return _tensor(value)
    integers = maker.inputs[0]
    quantizer = integers.producer()
    behind = integers if quantizer is None or quantizer.op_type != "QuantizeLinear" else quantizer.inputs[0]
    return _tensor(integers, name=(behind or integers).name or "", pair=maker)


def _made(value: ir.Value) -> TensorFacts:
    """A tensor as its maker sees it: where nothing but a QuantizeLinear reads it, the integers."""
    uses = list(value.uses())
    if value.is_graph_output() or len(uses) != 1 or uses[0].node.op_type != "QuantizeLinear":
        return _tensor(value)
    quantizer = uses[0].node
    return _tensor(quantizer.outputs[0], name=value.name or "", pair=quantizer, shape=value)


def _tensor(
    value: ir.Value, *, name: str = "", pair: ir.Node | None = None, shape: ir.Value | None = None
) -> TensorFacts:
    steps = None if pair is None else _array(pair.inputs[1])
    zeros = None if pair is None or len(pair.inputs) < 3 else _array(pair.inputs[2])
    return TensorFacts(
        name=name or value.name or "",
        shape=_shape(value if value.shape is not None or shape is None else shape),
        dtype=_dtype(value, pair),
        constant=_constant(value),
        values=_values(value),
        scales=() if steps is None else tuple(float(each) for each in steps.reshape(-1)),
        zero_points=() if zeros is None else tuple(int(each) for each in zeros.reshape(-1)),
        axis=_axis(pair),
    )


def _axis(pair: ir.Node | None) -> int:
    found = None if pair is None else pair.attributes.get("axis")
    return 1 if found is None else int(found.value)


def _dtype(value: ir.Value, pair: ir.Node | None) -> str:
    if value.dtype is not None:
        return dtype_name(value.dtype)
    zero = pair.inputs[2] if pair is not None and len(pair.inputs) > 2 else None
    return "" if zero is None else dtype_name(zero.dtype)


def _constant(value: ir.Value) -> bool:
    return value.const_value is not None and not value.is_graph_input()


def _array(value: ir.Value | None) -> Any:
    return None if value is None or value.const_value is None else np.asarray(value.const_value.numpy())


def _shape(value: ir.Value) -> tuple[int | None, ...] | None:
    if value.shape is None:
        return None
    return tuple(int(size) if isinstance(size, int) else None for size in value.shape)


def _values(value: ir.Value) -> tuple[float, ...]:
    held = value.const_value
    if held is None or held.size > _FEW or value.dtype in (ir.DataType.STRING,):
        return ()
    return tuple(np.asarray(held.numpy()).reshape(-1).tolist())

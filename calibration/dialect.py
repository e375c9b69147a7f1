"""A QDQ model in the form that a runtime takes best: the same numbers, stored otherwise.

Everything of calibration, and every writer of another format, works on one form: int8 activations, int32 biases.
Runtimes of ONNX want others, which a unit's rules say (`unsigned_activations`, `float_biases`).
"""

from typing import TYPE_CHECKING

import numpy as np

from portproof.calibration.graph.access import add_constant, constant, names_kept
from portproof.device_profiles.integer_kernels import KernelRules

if TYPE_CHECKING:
    import onnx_ir as ir

_SHIFT = 128
_ZERO_POINT = 2


def adapt(model: "ir.Model", rules: KernelRules) -> "ir.Model":
    """The model that `write.write` gave, changed in place to what a unit's rules ask for."""
    import onnx_ir as ir

    with names_kept():
        if rules.unsigned_activations:
            _shifted(model, ir.DataType.UINT8)
        if rules.float_biases:
            _float_biases(model)
    return model


def signed(model: "ir.Model") -> "ir.Model":
    """A copy of an adapted model with int8 activations, as the writers of other formats than ONNX take them."""
    import onnx_ir as ir

    copy = model.clone()
    with names_kept():
        _shifted(copy, ir.DataType.INT8)
    return copy


def _shifted(model: "ir.Model", dtype: "ir.DataType") -> None:
    """Activations of 8 bits in one type: integers of uint8, zero points among them, are 128 more than those of int8.

    Given: ``DequantizeLinear(QuantizeLinear(x, s, int8 -3), s, int8 -3)``
    Result: ``DequantizeLinear(QuantizeLinear(x, s, uint8 125), s, uint8 125)``

    Weights have a zero point for each channel, activations one: that tells them apart.
    """
    import onnx_ir as ir

    seen: set[ir.Value] = set()
    for node in list(model.graph):
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear") or len(node.inputs) <= _ZERO_POINT:
            continue
        zero_point = constant(node.inputs[_ZERO_POINT])
        if zero_point is None or zero_point.ndim or zero_point.dtype not in (np.int8, np.uint8):
            continue
        operands = [node.inputs[_ZERO_POINT], node.inputs[0] if node.op_type == "DequantizeLinear" else None]
        for value in operands:
            if value is not None and value not in seen and constant(value) is not None:
                _shift(value, dtype)
                seen.add(value)
        if node.op_type == "QuantizeLinear":
            node.outputs[0].type = ir.TensorType(dtype)


def _shift(value: "ir.Value", dtype: "ir.DataType") -> None:
    import onnx_ir as ir

    array = constant(value)
    if array is not None and array.dtype in (np.int8, np.uint8) and array.dtype != dtype.numpy():
        by = _SHIFT if array.dtype == np.int8 else -_SHIFT
        value.const_value = ir.tensor((array.astype(np.int16) + by).astype(dtype.numpy()), name=value.name)
        value.type = ir.TensorType(dtype)


def _float_biases(model: "ir.Model") -> None:
    """int32 biases as the float32 numbers that they stand for.

    Given: ``Conv(x, w, DequantizeLinear(int32 b, s))``
    Result: ``Conv(x, w, float32 b * s)``
    """
    for node in list(model.graph):
        integers = constant(node.inputs[0]) if node.op_type == "DequantizeLinear" else None
        if integers is None or integers.dtype != np.int32:
            continue
        held, scale = node.inputs[0], constant(node.inputs[1])
        if held is None or scale is None:
            continue
        # As DequantizeLinear has it: the integers rounded to float32 first.
        array = integers.astype(np.float32) * scale
        made = add_constant(model.graph, array, f"{held.name}_float")
        node.outputs[0].replace_all_uses_with(made, replace_graph_outputs=True)
        parts = [value for value in node.inputs if value is not None]
        model.graph.remove(node, safe=True)
        for value in parts:
            if not value.uses() and not value.is_graph_output():
                model.graph.initializers.pop(value.name or "", None)

"""Data for the operators that move it, and what is refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from tests.exporter.coreml.harness import check
from tests.exporter.tflite.harness import inferred
from tests.exporter.tflite.ops import movement_support

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreml.lower import lower

TYPES = ["float16", "uint8", "int64", "bool"]
"""One of each kind: a half, a narrow and a wide whole number, truth values."""
Arrays = Mapping[str, np.ndarray]


def data(shape: Sequence[int], dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Distinct numbers with both signs, extremes of the integers; of those wider than 32 bit what int32 holds."""
    wide = {"int64": "int32", "uint32": "int32", "uint64": "int32"}.get(dtype, dtype)
    array = movement_support.data(shape, wide, seed).astype(dtype)
    return np.abs(array) if dtype.startswith("uint") else array


def ints(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One node of a model that holds many.

    Attributes:
        op: the ONNX operator.
        order: its inputs: names of inputs that all nodes share, or of `constants`; "" for one left out.
        constants: inputs that are constants.
        outputs: how many.
        left_out: which of them have no name.
        attributes: of the node; None is left out.
    """

    op: str
    order: Sequence[str] = ("x",)
    constants: Mapping[str, np.ndarray] = field(default_factory=dict)
    outputs: int = 1
    left_out: Sequence[int] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


def case(op: str, order: str = "x", *, outputs: int = 1, constants: Arrays | None = None, **attributes: Any) -> Case:
    """A `Case`; `order` has the names with blanks between them, "-" for an input left out."""
    names = ["" if name == "-" else name for name in order.split()]
    attributes = {key: value for key, value in attributes.items() if value is not None}
    return Case(op=op, order=names, constants=constants or {}, outputs=outputs, attributes=attributes)


def cases_model(cases: Sequence[Case], inputs: Arrays, *, opset: int = 23, domain: str = "") -> ir.Model:
    """One model of all cases: converting takes much longer than running, and they cannot disturb each other."""
    nodes, constants = [], []
    for number, one in enumerate(cases):
        names = [f"{name}_{number}" if name in one.constants else name for name in one.order]
        outputs = ["" if index in one.left_out else f"y{number}_{index}" for index in range(one.outputs)]
        nodes.append(onnx.helper.make_node(one.op, names, outputs, domain=domain, **one.attributes))
        constants += [onnx.numpy_helper.from_array(array, f"{name}_{number}") for name, array in one.constants.items()]
    graph = onnx.helper.make_graph(
        nodes,
        "g",
        [_info(name, array) for name, array in inputs.items()],
        [onnx.ValueInfoProto(name=name) for node in nodes for name in node.output if name],
        constants,
    )
    opsets = [onnx.helper.make_opsetid("", opset)] + ([onnx.helper.make_opsetid(domain, 1)] if domain else [])
    return inferred(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10))


def _info(name: str, array: np.ndarray) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


def check_cases(cases: Sequence[Case], inputs: Arrays, *, opset: int = 23, domain: str = "", **options: Any) -> None:
    """`harness.check` of `cases_model`; exact unless told otherwise."""
    check(cases_model(cases, inputs, opset=opset, domain=domain), inputs, **{"rtol": 0, "atol": 0, **options})


def refused(model: ir.Model, *words: str, target: str = "iOS18") -> None:
    """Asserts that the model is refused, and that the message holds `words`."""
    with pytest.raises(PortproofError) as caught:
        lower(model, target=target)
    text = " ".join(f"{message.what} {message.why} {message.hint}" for message in caught.value.messages)
    for word in words:
        assert word in text, text

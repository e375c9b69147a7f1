"""Operators written by hand, and what surrounds them."""

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "runtimes" / "coreml"))

from mil import literal, tensor

from portproof.exporter.coreml.macs import Shapes
from portproof.runtimes.coreml.program import Binding, NamedType, Operation, Type


def operation(op_type: str, output: str, **inputs: Any) -> tuple[Operation, Shapes]:
    """An operator; texts such as ``"float16[2,?]"`` are values of that type, anything else stands in the program."""
    types: dict[str, Type] = {}

    def bound(name: str, value: Any) -> tuple[Binding, ...]:
        if isinstance(value, tuple):
            return tuple(bound(f"{name}{place}", item)[0] for place, item in enumerate(value))
        if isinstance(value, str) and "[" in value:
            types[name] = tensor(value)
            return (name,)
        return (literal(np.array(value) if isinstance(value, list) else value),)

    given = {name: bound(name, value) for name, value in inputs.items()}
    made = Operation(type=op_type, inputs=given, outputs=(NamedType(name="y", type=tensor(output)),))
    return made, Shapes(types, {})

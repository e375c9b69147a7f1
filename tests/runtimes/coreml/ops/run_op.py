"""Runs one MIL operator in the emulator: a program of that operator, built by hand."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import (
    Binding,
    Block,
    Function,
    Literal,
    NamedType,
    Operation,
    TensorType,
)

Out = tuple[str, tuple[int | None, ...] | None]
"""Declared type and shape of an output; None where the shape is not known."""


def run_op(
    op_type: str,
    *,
    out: Out | Sequence[Out] = ("float32", None),
    opset: str = "CoreML7",
    precision: Any = "strict",
    seed: int = 0,
    **parameters: Any,
) -> Any:
    """The operator's result, or a tuple of them.

    Args:
        op_type: the operator.
        out: what is declared, one pair for each output.
        opset: the operator set.
        precision: of the run.
        seed: of random numbers.
        parameters: tensors become inputs of the program (a list of them where the parameter is variadic, float16 ones
            as the float32 tensors that hold them); everything else becomes a constant.
    """
    outs = [out] if isinstance(out[0], str) else list(out)
    inputs: dict[str, torch.Tensor] = {}
    bindings = {name: _bind(name, value, inputs) for name, value in parameters.items()}
    results = tuple(
        NamedType(name=f"out{i}", type=TensorType(dtype=dtype, shape=shape)) for i, (dtype, shape) in enumerate(outs)
    )
    operation = Operation(type=op_type, inputs=bindings, outputs=results)
    block = Block(inputs=(), outputs=tuple(r.name for r in results), operations=(operation,))
    declared = tuple(NamedType(name=name, type=TensorType(dtype="float32", shape=None)) for name in inputs)
    function = Function(name="main", inputs=declared, opset=opset, block=block)
    values = Executable(function, precision=precision, seed=seed).run(_held(inputs))
    got = tuple(values.values())
    return got[0] if isinstance(out[0], str) else got


def _bind(name: str, value: Any, inputs: dict[str, torch.Tensor]) -> tuple[Binding, ...]:
    if isinstance(value, torch.Tensor):
        inputs[name] = value
        return (name,)
    if isinstance(value, list) and value and isinstance(value[0], torch.Tensor):
        names = tuple(f"{name}{i}" for i in range(len(value)))
        inputs.update(zip(names, value, strict=True))
        return names
    return (literal(value),)


def _held(inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.float() if value.dtype is torch.float16 else value for name, value in inputs.items()}


def literal(value: Any) -> Literal:
    """A constant: a string, or what numpy makes of it, floats as float32 and whole numbers as int32."""
    if isinstance(value, str):
        return Literal(type=TensorType(dtype="string", shape=()), value=value)
    array = np.asarray(value)
    if array.dtype in (np.float64, np.int64):
        array = array.astype(np.float32 if array.dtype == np.float64 else np.int32)
    return Literal(type=TensorType(dtype=array.dtype.name, shape=array.shape), value=array)

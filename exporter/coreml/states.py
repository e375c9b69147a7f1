"""Inputs that become states (iOS18): what a run leaves in them is there for the next one, as caches need.

Core ML keeps states in float16, of a fixed shape; they start as zeros.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.targets import at_least
from portproof.exporter.coreml.values import Var

_NEEDED = "iOS18"


def check(states: Mapping[str, str], graph: ir.Graph, target: str) -> None:
    """Refuses what cannot be a state.

    Args:
        states: by the name of an input, the output that replaces it for the next run.
        graph: of the model.
        target: the oldest release that must run the package.

    Raises:
        PortproofError: ``E-USAGE`` for names that the model does not have, or twice, or a target without states;
            ``E-OP-UNSUPPORTED`` for types and shapes that no state has; all at once.
    """
    if not states:
        return
    if not at_least(target, _NEEDED):
        raise PortproofError(
            "E-USAGE", f"packages for {target} have no states", hint=f"write the package for {_NEEDED}"
        )
    inputs = {value.name: value for value in graph.inputs if not value.is_initializer()}
    outputs = {value.name: value for value in graph.outputs}
    faults = _names(states, list(inputs), list(outputs))
    if not faults:
        pairs = [(inputs[key], outputs[name]) for key, name in states.items()]
        faults = [fault for pair in pairs for fault in _pair(*pair)]
        if len(states) == len(outputs):
            faults.append(Message(code="E-USAGE", what="every output is a state", why="a run would give nothing back"))
    if faults:
        raise PortproofError.of(faults)


def placeholder(value: ir.Value) -> Any:
    """The state that an input becomes."""
    from coremltools.converters.mil import Builder as MilBuilder
    from coremltools.converters.mil.mil import types

    shape = () if value.shape is None else tuple(int(size) for size in value.shape.numpy())
    return MilBuilder.state_tensor_placeholder(shape, dtype=types.fp16)


def read(b: Builder, value: ir.Value, state: Var) -> Var:
    """What the state holds, in the type that the model computes with."""
    x = b.emit("read_state", input=state)
    return x if value.dtype is None else b.cast(x, np.dtype(value.dtype.numpy()))


def write(b: Builder, state: Var, x: Var) -> None:
    """Leaves `x` for the next run."""
    b.emit("coreml_update_state", state=state, value=b.cast(x, np.float16))


def _names(states: Mapping[str, str], inputs: Sequence[str | None], outputs: Sequence[str | None]) -> list[Message]:
    faults = [
        Message(code="E-USAGE", what=f"states: no {kind} of the model is named {name!r}", hint=f"it has {known}")
        for kind, names, known in (("input", states, inputs), ("output", states.values(), outputs))
        for name in names
        if name not in known
    ]
    twice = sorted({name for name in states.values() if list(states.values()).count(name) > 1})
    return faults + [Message(code="E-USAGE", what=f"states: output {name!r} replaces two inputs") for name in twice]


def _pair(old: ir.Value, new: ir.Value) -> list[Message]:
    dtype = None if old.dtype is None else np.dtype(old.dtype.numpy())
    reasons = []
    if dtype is None or dtype.kind != "f":
        reasons.append((f"it is of type {dtype}, and Core ML keeps states in float16", "keep it as an input"))
    if old.shape is None or not old.shape.is_static() or not len(old.shape):
        reasons.append(("it has no fixed shape", "declare its sizes with --input"))
    elif new.shape is None or new.shape != old.shape:
        why = f"{new.name} has the shape {_text(new)}, and it has {_text(old)}"
        reasons.append((why, "write into a cache of a fixed length: TensorScatter, or ScatterND"))
    return [
        Message(code="E-OP-UNSUPPORTED", what=f"input {old.name} cannot be a state", why=why, hint=hint)
        for why, hint in reasons
    ]


def _text(value: ir.Value) -> str:
    return "unknown" if value.shape is None else "x".join(str(size) for size in value.shape)

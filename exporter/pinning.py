"""Pins symbolic input shapes to the declared ones, and infers every shape that follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.inputs import DeclaredInput, unknown_name

if TYPE_CHECKING:
    import onnx_ir as ir


def pin(model: "ir.Model", declared: Sequence[DeclaredInput]) -> "ir.Model":
    """Give the inputs their declared shapes; a symbol that one input fixes is fixed everywhere.

    Raises:
        PortproofError: E-USAGE for a name the model does not have, or a type that is not the input's;
            E-MODEL-SHAPE, all at once, for inputs that stay symbolic or contradict their declaration.
    """
    inputs = {v.name or "": v for v in model.graph.inputs if not v.is_initializer()}
    for value in (*inputs.values(), *(v for node in model.graph.all_nodes() for v in node.outputs)):
        _forget_negative(value)
    symbols: dict[str, int] = {}
    faults: list[Message] = []
    for d in declared:
        if d.name not in inputs:
            raise unknown_name(d.name, list(inputs))
        faults += _apply(inputs[d.name], d, symbols)
    for value in inputs.values():
        _substitute(value, symbols)
        faults += _still_symbolic(value)
    if faults:
        raise PortproofError.of(faults)
    if symbols:
        _reinfer(model)
    return model


def _forget_negative(value: "ir.Value") -> None:
    """Some exporters write -1 for a size that is not known; ONNX has no such number."""
    import onnx_ir as ir

    if value.shape is not None and any(isinstance(d, int) and d < 0 for d in value.shape):
        value.shape = ir.Shape([None if isinstance(d, int) and d < 0 else d for d in value.shape])


def _apply(value: "ir.Value", declared: DeclaredInput, symbols: dict[str, int]) -> list[Message]:
    import onnx_ir as ir

    if declared.dtype and value.dtype is not None and value.dtype.numpy().name != declared.dtype:
        raise PortproofError("E-USAGE", f"input '{declared.name}' is {value.dtype.numpy().name}, not {declared.dtype}")
    sizes = [int(n) for n in declared.shape]
    old = list(value.shape) if value.shape is not None else [None] * len(sizes)
    if len(old) != len(sizes) or any(isinstance(a, int) and a != b for a, b in zip(old, sizes, strict=False)):
        shape = "x".join(str(dim) for dim in old)
        what = f"input '{declared.name}' has shape {shape}, which {'x'.join(map(str, sizes))} does not fit"
        return [Message(code="E-MODEL-SHAPE", what=what)]
    for a, b in zip(old, sizes, strict=True):
        if not isinstance(a, int):
            symbols[getattr(a, "value", None) or f"?{len(symbols)}"] = b
    value.shape = ir.Shape(sizes)
    return []


def _substitute(value: "ir.Value", symbols: dict[str, int]) -> None:
    import onnx_ir as ir

    if value.shape is not None:
        value.shape = ir.Shape([d if isinstance(d, int) else symbols.get(d.value or "", d) for d in value.shape])


def _still_symbolic(value: "ir.Value") -> list[Message]:
    if value.shape is not None and value.shape.is_static():
        return []
    dims = list(value.shape) if value.shape is not None else []
    shape = "x".join("?" if str(d) == "None" else str(d) for d in dims) or "unknown"
    example = "x".join(str(d) if isinstance(d, int) else "1" for d in dims) or "1x3x224x224"
    return [
        Message(
            code="E-MODEL-SHAPE",
            what=f"input '{value.name}' has no fixed shape: {shape}",
            why="models are converted for fixed shapes; dynamic ones are not supported yet",
            hint=f"Declare it with your own sizes: --input {value.name}={example}",
        )
    ]


def _reinfer(model: "ir.Model") -> None:
    """Forget the shapes that hang on symbols, and infer them again from the inputs."""
    for node in model.graph.all_nodes():
        for value in node.outputs:
            if value.shape is not None and not value.shape.is_static():
                value.shape = None
    from portproof.exporter.passes.shapes import InferShapes

    InferShapes()(model)

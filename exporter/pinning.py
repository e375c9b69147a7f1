"""Pins symbolic input shapes to the declared ones, and infers every shape that follows.

A size that is declared by a name stays symbolic, under that name.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.inputs import DeclaredInput, unknown_name
from portproof.runtimes.dims import Dim

if TYPE_CHECKING:
    import onnx_ir as ir


def pin(model: "ir.Model", declared: Sequence[DeclaredInput]) -> "ir.Model":
    """Give the inputs their declared shapes; a symbol that one input fixes is fixed everywhere.

    Raises:
        PortproofError: E-USAGE for a name the model does not have, or a type that is not the input's; E-MODEL-TYPE
            for inputs and outputs that are no tensors;
            E-MODEL-SHAPE, all at once, for inputs that are neither declared nor static, or contradict their
            declaration.
    """
    inputs = {v.name or "": v for v in model.graph.inputs if not v.is_initializer()}
    for value in (*inputs.values(), *(v for node in model.graph.all_nodes() for v in node.outputs)):
        _forget_negative(value)
    symbols: dict[str, int | str] = {}
    faults = _no_tensors(model)
    if faults:
        raise PortproofError.of(faults)
    for d in declared:
        if d.name not in inputs:
            raise unknown_name(d.name, list(inputs))
        faults += _apply(inputs[d.name], d, symbols)
    kept = {size for d in declared for size in d.shape if isinstance(size, str)}
    for value in inputs.values():
        _substitute(value, symbols)
        faults += _still_symbolic(value, kept)
    if faults:
        raise PortproofError.of(faults)
    if symbols:
        _reinfer(model)
    return model


def _no_tensors(model: "ir.Model") -> list[Message]:
    """Sequences and the like: inside of a model they are fine, but data, files and reports hold tensors."""
    import onnx_ir as ir

    return [
        Message(
            code="E-MODEL-TYPE",
            what=f"{kind} '{value.name}' is no tensor: {value.type}",
            why="models take tensors and give tensors; inside, sequences and optional values are taken apart",
            hint=f"Make each tensor an {kind} of its own, or join them in the model (ConcatFromSequence).",
        )
        for kind, values in (("input", model.graph.inputs), ("output", model.graph.outputs))
        for value in values
        if value.type is not None and not isinstance(value.type, ir.TensorType)
    ]


def keep(
    model: "ir.Model", ranges: Mapping[str, tuple[int, int | None]], *, several: bool = False
) -> tuple[list[DeclaredInput], tuple[Dim, ...]]:
    """Declarations that keep the model's own symbols dynamic, with the ranges given for them.

    Args:
        model: its inputs have symbolic sizes.
        ranges: the smallest and the largest size of each, None for no limit.
        several: the ranges are of several models, not all of which have each symbol.

    Raises:
        PortproofError: E-USAGE for a symbol that no input has, or a range of no size.
    """
    symbols = {value.name or "": _symbols(value) for value in model.graph.inputs if not value.is_initializer()}
    known = {name for names in symbols.values() for name in names if isinstance(name, str)}
    for name, (low, high) in ranges.items():
        if low < 1 or (high is not None and high < low) or (name not in known and not several):
            what = f"dims: {name} from {low} to {high} is no range of a dimension of the model's inputs"
            hint = f"Its inputs have {', '.join(sorted(known)) or 'no symbolic sizes'}; a range is (smallest, largest)."
            raise PortproofError("E-USAGE", what, hint=hint)
    fixed = {name: low for name, (low, high) in ranges.items() if low == high}
    declared = [
        DeclaredInput(name=key, shape=tuple(fixed.get(name, name) if isinstance(name, str) else name for name in names))
        for key, names in symbols.items()
        if set(names) & set(ranges) and all(isinstance(name, int) or name in ranges for name in names)
    ]
    dims = {name: Dim(name=name, low=low, high=high) for name, (low, high) in ranges.items() if name in known}
    return declared, tuple(dim for name, dim in dims.items() if name not in fixed)


def _symbols(value: "ir.Value") -> list[int | str]:
    """The sizes of an input: numbers and names; "?" for a size without a name."""
    return [size if isinstance(size, int) else size.value or "?" for size in value.shape or ()]


def pinned_at(model: "ir.Model", sizes: Mapping[str, int]) -> "ir.Model":
    """A copy of `model` with the symbols of its inputs replaced by `sizes`; the weights are shared."""
    copy = model.clone()
    for value in copy.graph.inputs:
        _substitute(value, sizes)
    _reinfer(copy)
    return copy


def _forget_negative(value: "ir.Value") -> None:
    """Some exporters write -1 for a size that is not known; ONNX has no such number."""
    import onnx_ir as ir

    if value.shape is not None and any(isinstance(d, int) and d < 0 for d in value.shape):
        value.shape = ir.Shape([None if isinstance(d, int) and d < 0 else d for d in value.shape])


def _apply(value: "ir.Value", declared: DeclaredInput, symbols: dict[str, int | str]) -> list[Message]:
    import onnx_ir as ir

    if declared.dtype and value.dtype is not None and value.dtype.numpy().name != declared.dtype:
        raise PortproofError("E-USAGE", f"input '{declared.name}' is {value.dtype.numpy().name}, not {declared.dtype}")
    sizes = list(declared.shape)
    old = list(value.shape) if value.shape is not None else [None] * len(sizes)
    fixed = [(a, b) for a, b in zip(old, sizes, strict=False) if isinstance(a, int) and a != b]
    if len(old) != len(sizes) or any(isinstance(b, int) for _, b in fixed):
        what = f"input '{declared.name}' has shape {_text(old)}, which {_text(sizes)} does not fit"
        return [Message(code="E-MODEL-SHAPE", what=what)]
    if fixed:
        return [_fixed(declared.name, old, fixed)]
    faults = [
        _two_meanings(declared.name, str(symbol), symbols[symbol], b)
        for a, b in zip(old, sizes, strict=True)
        if (symbol := getattr(a, "value", None)) in symbols and str in {type(b), type(symbols[symbol])}
        if symbols[symbol] != b
    ]
    for a, b in zip(old, sizes, strict=True):
        if not isinstance(a, int):
            symbols[getattr(a, "value", None) or f"?{len(symbols)}"] = b
    value.shape = ir.Shape(sizes)
    return faults


def _fixed(name: str, old: Sequence[Any], fixed: Sequence[tuple[Any, Any]]) -> Message:
    size, symbol = fixed[0]
    return Message(
        code="E-MODEL-SHAPE",
        what=f"input '{name}' has shape {_text(old)}: {symbol} cannot stand for the fixed size {size}",
        why="the file was exported for this size: what it computes may depend on it",
        hint="Export the model with a dynamic axis there (or give the torch module itself), or declare the number.",
    )


def _two_meanings(name: str, symbol: str, one: int | str, other: int | str) -> Message:
    return Message(
        code="E-MODEL-SHAPE",
        what=f"input '{name}' declares {other} where {one} is declared already",
        why=f"it is one dimension of the model, {symbol}",
        hint=f"Write {one} in both places.",
    )


def _text(shape: Sequence[Any]) -> str:
    return "x".join("?" if str(size) == "None" else str(size) for size in shape)


def _substitute(value: "ir.Value", symbols: Mapping[str, int | str]) -> None:
    import onnx_ir as ir

    if value.shape is not None:
        value.shape = ir.Shape([d if isinstance(d, int) else symbols.get(d.value or "", d) for d in value.shape])


def _still_symbolic(value: "ir.Value", kept: set[str]) -> list[Message]:
    dims = list(value.shape) if value.shape is not None else []
    if value.shape is not None and all(isinstance(d, int) or d.value in kept for d in dims):
        return []
    example = "x".join(str(d) if isinstance(d, int) else "1" for d in dims) or "1x3x224x224"
    hint = f"Declare it with your own sizes: --input {value.name}={example}"
    if dims:
        names = "x".join(str(d) if isinstance(d, int) else _name(d.value, axis) for axis, d in enumerate(dims))
        hint += f"; or keep sizes dynamic, by name: --input {value.name}={names}"
    return [
        Message(
            code="E-MODEL-SHAPE",
            what=f"input '{value.name}' has no fixed shape: {_text(dims) or 'unknown'}",
            why="a size that is to stay dynamic must be said to be so: fixed sizes make the faster file",
            hint=hint,
        )
    ]


def _name(symbol: str | None, axis: int) -> str:
    """A name that a declaration can hold: the model's own, else a letter of the axis."""
    usable = symbol is not None and symbol.isidentifier() and symbol.isascii() and "x" not in symbol
    return str(symbol) if usable else ("N", "C", "H", "W")[axis] if axis < len("NCHW") else f"D{axis}"


def _reinfer(model: "ir.Model") -> None:
    """Forget the shapes that hang on symbols, and infer them again from the inputs."""
    for node in model.graph.all_nodes():
        for value in node.outputs:
            if value.shape is not None and not value.shape.is_static():
                value.shape = None
    from portproof.exporter.passes.shapes import InferShapes

    InferShapes()(model)

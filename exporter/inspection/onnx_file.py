"""What an ONNX file holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx_ir as ir

from portproof.exporter import onnx_io
from portproof.exporter.inspection.facts import Facts
from portproof.exporter.simplify.report import count_ops
from portproof.runtimes.dims import Dim
from portproof.runtimes.spec import TensorSpec


def read(path: Path) -> Facts:
    """Read and check an ONNX file; see `inspection.inspect`."""
    model = onnx_io.load(path)
    weights = [tensor for tensor in onnx_io.weights(model) if tensor.shape.rank() > 0]
    return Facts(
        format="onnx",
        bytes=path.stat().st_size,
        inputs=inputs_of(model),
        outputs=outputs_of(model),
        operators=count_ops(model),
        parameters=sum(tensor.size for tensor in weights),
        weight_bytes=sum(tensor.nbytes for tensor in weights),
        metadata=_metadata(model),
    )


def inputs_of(model: ir.Model, dims: Sequence[Dim] = ()) -> tuple[TensorSpec, ...]:
    """What must be fed; initializers listed as inputs (old files) are not among them.

    Args:
        model: the source.
        dims: the dimensions that are known by name: they say which sizes an input may have.
    """
    known = {dim.name: dim for dim in dims}
    return tuple(_spec(value, known) for value in model.graph.inputs if not value.is_initializer())


def outputs_of(model: ir.Model) -> tuple[TensorSpec, ...]:
    """What it gives."""
    return tuple(_spec(value, {}) for value in model.graph.outputs)


def _spec(value: ir.Value, known: Mapping[str, Dim]) -> TensorSpec:
    sizes = () if value.shape is None else tuple(value.shape)
    shape = tuple(size if isinstance(size, int) else None for size in sizes)
    dims = tuple(None if isinstance(size, int) else known.get(size.value or "") for size in sizes)
    return TensorSpec(name=value.name or "", shape=shape, dtype=_dtype(value), dims=dims if any(dims) else ())


def _dtype(value: ir.Value) -> str:
    """Numpy's name, ONNX's for strings, ``"unknown"`` for what is no tensor."""
    if value.dtype is None:
        return "unknown"
    return "string" if value.dtype == ir.DataType.STRING else value.dtype.numpy().name


def _metadata(model: ir.Model) -> dict[str, str]:
    opsets = ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in sorted(model.opset_imports.items()))
    producer = " ".join(part for part in (model.producer_name, model.producer_version) if part)
    known = {"IR version": str(model.ir_version), "operator sets": opsets, "producer": producer}
    return {**{key: text for key, text in known.items() if text}, **dict(sorted(model.metadata_props.items()))}

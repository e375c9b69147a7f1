"""What an ONNX file holds."""

from collections import Counter
from pathlib import Path

import onnx_ir as ir

from portproof.exporter import onnx_io
from portproof.exporter.inspection.facts import Facts
from portproof.runtimes.spec import TensorSpec


def read(path: Path) -> Facts:
    """Read and check an ONNX file; see `inspection.inspect`."""
    model = onnx_io.load(path)
    weights = [tensor for tensor in onnx_io.weights(model) if tensor.shape.rank() > 0]
    return Facts(
        format="onnx",
        bytes=path.stat().st_size,
        inputs=tuple(_spec(value) for value in model.graph.inputs if not value.is_initializer()),
        outputs=tuple(_spec(value) for value in model.graph.outputs),
        operators=operators(model),
        parameters=sum(tensor.size for tensor in weights),
        weight_bytes=sum(tensor.nbytes for tensor in weights),
        metadata=_metadata(model),
    )


def operators(model: ir.Model) -> dict[str, int]:
    """Count of nodes by operator type, those of subgraphs and functions included, sorted by name."""
    names = Counter(_name(node) for graph in model.graphs() for node in graph)
    names.update(_name(node) for function in model.functions.values() for node in function)
    return dict(sorted(names.items()))


def _name(node: ir.Node) -> str:
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"


def _spec(value: ir.Value) -> TensorSpec:
    shape = () if value.shape is None else tuple(size if isinstance(size, int) else None for size in value.shape)
    return TensorSpec(name=value.name or "", shape=shape, dtype=_dtype(value))


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

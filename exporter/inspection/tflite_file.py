"""What a TFLite file holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from portproof.exporter.inspection.facts import Ends, Facts
from portproof.exporter.tflite.metadata.read import read as read_metadata
from portproof.runtimes.spec import TensorSpec
from portproof.runtimes.tflite_format import io_perms
from portproof.runtimes.tflite_schema import read as read_model
from portproof.runtimes.tflite_schema import schema

_TYPES = {number: name.lower() for name, number in vars(schema.TensorType).items() if not name.startswith("_")}
_OPERATORS = {number: name for name, number in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def read(path: Path) -> Facts:
    """Read and check a TFLite file; see `inspection.inspect`."""
    model = read_model(path)
    weights = _weights(model)
    signatures = {_text(entry.signatureKey): _ends_of(model, entry, path) for entry in model.signatureDefs or ()}
    first = next(iter(signatures.values())) if signatures else _ends_of(model, None, path)
    described = read_metadata(path)
    return Facts(
        format="tflite",
        bytes=path.stat().st_size,
        inputs=first.inputs,
        outputs=first.outputs,
        operators=operators(model),
        parameters=sum(elements for elements, _ in weights),
        weight_bytes=sum(size for _, size in weights),
        metadata=_metadata(model),
        signatures=signatures,
        described=described.table if described else None,
        files={name: len(data) for name, data in described.files.items()} if described else {},
    )


def operators(model: Any) -> dict[str, int]:
    """Count of operators by name, those of all subgraphs, sorted by name; a custom one is ``CUSTOM:name``."""
    names = [_operator(code) for code in model.operatorCodes or ()]
    found = Counter(names[op.opcodeIndex] for graph in model.subgraphs or () for op in graph.operators or ())
    return dict(sorted(found.items()))


def _operator(code: Any) -> str:
    # Codes above 126 are in the new field only; old files have only the deprecated one.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    if number == schema.BuiltinOperator.CUSTOM:
        return f"CUSTOM:{_text(code.customCode)}"
    return str(_OPERATORS.get(number, f"operator {number}"))


def _ends_of(model: Any, signature: Any, path: Path) -> Ends:
    """Inputs and outputs by the names of a signature, else by those of the tensors, in the graph's order."""
    graph = model.subgraphs[signature.subgraphIndex if signature else 0]
    perms = io_perms(path, _text(signature.signatureKey) if signature else "")
    inputs = _named(graph.tensors, graph.inputs, signature and signature.inputs)
    outputs = _named(graph.tensors, graph.outputs, signature and signature.outputs)
    return Ends(
        inputs=tuple(_spec(name, tensor, perms.inputs) for name, tensor in inputs),
        outputs=tuple(_spec(name, tensor, perms.outputs) for name, tensor in outputs),
    )


def _named(tensors: Sequence[Any], indices: Any, maps: Any) -> list[tuple[str, Any]]:
    if maps is not None:
        order = {int(index): place for place, index in enumerate(indices if indices is not None else ())}
        rows = sorted(maps, key=lambda row: order.get(row.tensorIndex, len(order)))
        return [(_text(row.name), tensors[row.tensorIndex]) for row in rows]
    return [(_text(tensors[index].name), tensors[index]) for index in (indices if indices is not None else ())]


def _spec(name: str, tensor: Any, perms: Mapping[str, tuple[int, ...]]) -> TensorSpec:
    shape = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
    sizes = tuple(None if size < 0 else int(size) for size in (shape if shape is not None else ()))
    return TensorSpec(name=name, shape=sizes, dtype=_TYPES.get(tensor.type, "unknown"), perm=perms.get(name))


def _weights(model: Any) -> list[tuple[int, int]]:
    """Elements and bytes of each constant of rank 1 and more; a buffer that two tensors share counts once."""
    found = {}
    for graph in model.subgraphs or ():
        for tensor in graph.tensors or ():
            size = _size(model.buffers[tensor.buffer]) if tensor.buffer < len(model.buffers) else 0
            if size and tensor.shape is not None and len(tensor.shape):
                elements = 1
                for length in tensor.shape:
                    elements *= int(length)
                found[tensor.buffer] = (elements, size)
    return list(found.values())


def _size(buffer: Any) -> int:
    return int(buffer.size) if buffer.data is None else len(buffer.data)


def _metadata(model: Any) -> dict[str, str]:
    keys = [_text(signature.signatureKey) for signature in model.signatureDefs or ()]
    carried = sorted(_text(row.name) for row in model.metadata or ())
    known = {
        "schema version": str(model.version),
        "description": _text(model.description),
        "signatures": ", ".join(keys),
        "subgraphs": str(len(model.subgraphs)),
        "metadata": ", ".join(carried),
    }
    return {key: text for key, text in known.items() if text}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")

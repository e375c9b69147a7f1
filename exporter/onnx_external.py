"""External weight data of an ONNX file: it must exist, be long enough, and lie inside the model's folder.

A location is the model author's text. Absolute paths, ``..`` and links that leave the folder are refused,
so that a downloaded model cannot read the rest of the disk (onnx's own rule since CVE-2022-25882).
"""

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.near import did_you_mean, near_files

if TYPE_CHECKING:
    import onnx


def check(proto: "onnx.ModelProto", path: Path) -> None:
    """Raise E-MODEL-EXTERNAL, all findings at once, unless all external data of the model can be used."""
    errors: list[PortproofError] = []
    for tensor in tensors(proto):
        if tensor.data_location == tensor.EXTERNAL:
            try:
                _check_tensor(tensor, path)
            except PortproofError as error:
                errors.append(error)
    if errors:
        raise PortproofError.of([message for error in errors[:20] for message in error.messages])


def tensors(proto: "onnx.ModelProto") -> "Iterator[onnx.TensorProto]":
    """Every tensor of a model: initializers, sparse ones, and attributes, in all subgraphs and functions."""
    yield from _graph_tensors(proto.graph)
    for function in proto.functions:
        yield from _node_tensors(function.node)


def _graph_tensors(graph: "onnx.GraphProto") -> "Iterator[onnx.TensorProto]":
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    yield from _node_tensors(graph.node)


def _node_tensors(nodes: "Iterable[onnx.NodeProto]") -> "Iterator[onnx.TensorProto]":
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            if attribute.HasField("sparse_tensor"):
                yield from (attribute.sparse_tensor.values, attribute.sparse_tensor.indices)
            for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _graph_tensors(graph)


def _check_tensor(tensor: "onnx.TensorProto", path: Path) -> None:
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    _check_location(location, tensor.name, path)
    data = path.parent / location
    if not data.is_file():
        hint = did_you_mean(near_files(data)) or f"Put {location} beside {path.name}."
        raise _error(f"external data file {location} is missing", tensor.name, str(data), hint=hint)
    offset, length = (
        _number(entries, "offset", tensor.name, path),
        _number(entries, "length", tensor.name, path),
    )
    needed = offset + max(length, _tensor_bytes(tensor))
    size = data.stat().st_size
    if size < needed:
        why = f"tensor '{tensor.name}' ends at byte {needed}, the file has {size}"
        raise _error(f"external data file {location} is too short", tensor.name, str(data), why=why)


def _check_location(location: str, tensor: str, path: Path) -> None:
    absolute = PurePosixPath(location).is_absolute() or PureWindowsPath(location).anchor
    parts = (*PurePosixPath(location).parts, *PureWindowsPath(location).parts)
    folder = os.path.realpath(path.parent)
    inside = os.path.realpath(os.path.join(folder, location)).startswith(os.path.join(folder, ""))
    if not location or "\0" in location or absolute or ".." in parts or not inside:
        raise _error(
            "external data must lie inside the model's folder",
            tensor,
            str(path),
            why=f"tensor '{tensor}' points to {location!r}",
            hint="Save the model again with its weights beside it, under a relative name.",
        )


def _number(entries: dict[str, str], key: str, tensor: str, path: Path) -> int:
    text = entries.get(key, "0")
    if text.isascii() and text.isdigit():
        return int(text)
    raise _error(f"external data has a bad {key}", tensor, str(path), why=f"{key} is {text!r}")


def _tensor_bytes(tensor: "onnx.TensorProto") -> int:
    import onnx_ir as ir

    try:
        bits = int(ir.DataType(tensor.data_type).itemsize * 8)
    except (TypeError, ValueError):  # strings and unknown types: the checker speaks about those
        return 0
    return int(-(-math.prod(tensor.dims) * bits // 8))


def _error(what: str, tensor: str, where: str, *, why: str = "", hint: str = "") -> PortproofError:
    return PortproofError("E-MODEL-EXTERNAL", what, where=where, why=why or f"tensor '{tensor}' needs it", hint=hint)

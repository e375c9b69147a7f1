"""ONNX files in and out: loading that no damaged or hostile file can abuse, saving that gives the same bytes.

The loaded model holds one copy of the weights: those in external files stay memory-mapped, large ones in the file
itself are read straight into their arrays.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_external, onnx_rules, onnx_scan, onnx_wire
from portproof.exporter.near import did_you_mean, near_files
from portproof.exporter.noise import captured
from portproof.runtimes.isolate import describe_exit, run_isolated

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

# Protobuf cannot hold more than 2 GiB; weights go to an external file some way before.
_EXTERNAL_ABOVE_BYTES = 1_800_000_000
_CHECK_TIMEOUT_S = 120.0
_CHECK_MEMORY_BYTES = 8 << 30


def load(path: str | os.PathLike[str]) -> "ir.Model":
    """Load an ONNX file, checked, into an `onnx_ir.Model`.

    Raises:
        PortproofError: E-FILE-MISSING; E-MODEL-FORMAT when the bytes are not an ONNX model (empty, truncated,
            random, more than 2 GiB); E-MODEL-INVALID when the model breaks ONNX's rules (a cycle, an
            undefined value, a name defined twice, what onnx.checker finds); E-MODEL-EXTERNAL when
            external data is missing, too short, or lies outside the model's folder.
    """
    import onnx_ir as ir

    path = Path(path)
    require_file(path)
    onnx_scan.check(path)
    content, weights = onnx_wire.read(path)
    proto = parse(content, path)
    onnx_external.check(proto, path)
    onnx_rules.check(proto, str(path))
    _check_in_child(path)
    try:
        with captured():  # onnx_ir logs what it finds odd
            model = ir.serde.deserialize_model(proto)
            onnx_wire.attach(model, path, weights)
    except Exception as error:  # onnx_ir raises many types on what the checks above let through
        raise _invalid(path, str(error.__cause__ or error)) from error
    for graph in model.graphs():
        ir.external_data.set_base_dir(graph, os.path.realpath(path.parent))
    _separate_weights_from_inputs(model)
    return model


def _separate_weights_from_inputs(model: "ir.Model") -> None:
    """Files of IR version 3 list their weights as inputs too, later ones may: no caller means to give them."""
    graph = model.graph
    kept = [value for value in graph.inputs if not value.is_initializer()]
    if len(kept) < len(graph.inputs):
        graph.inputs[:] = kept


def parse(content: bytes, path: Path) -> "onnx.ModelProto":
    """The protobuf of an ONNX file's bytes; `path` is for messages."""
    import onnx

    try:
        proto = onnx.load_model_from_string(content)
    except Exception as error:  # protobuf's DecodeError, whose module has no types
        raise PortproofError(
            "E-MODEL-FORMAT",
            f"{path.name} is not an ONNX model, or is damaged",
            where=str(path),
            why=f"its protobuf cannot be read: {error}",
            hint="Export or download the file again.",
        ) from error
    if not proto.HasField("graph") or not proto.opset_import:
        raise PortproofError(
            "E-MODEL-FORMAT",
            f"{path.name} is not an ONNX model",
            where=str(path),
            why="it holds no graph" if not proto.HasField("graph") else "it names no operator set",
        )
    return proto


def save(model: "ir.Model", path: str | os.PathLike[str]) -> list[Path]:
    """Write an ONNX file; weights above 1.8 GB in total go to ``<name>.data`` beside it.

    The same model gives the same bytes in any process. Returns the files written, the model's first.

    Raises:
        PortproofError: E-OUTPUT when the file cannot be written.
    """
    import onnx_ir as ir

    path = Path(path)
    try:
        if weight_bytes(model) <= _EXTERNAL_ABOVE_BYTES:
            path.write_bytes(to_bytes(model))
            return [path]
        data = path.with_name(path.name + ".data")
        ir.save(model, path, external_data=data.name)
        return [path, data]
    except OSError as error:
        raise PortproofError("E-OUTPUT", f"{path.name} cannot be written", where=str(path), why=str(error)) from error


def to_bytes(model: "ir.Model") -> bytes:
    """The whole model, weights included, as ONNX bytes; deterministic. At most 2 GiB."""
    data: bytes = to_proto(model).SerializeToString(deterministic=True)
    return data


def to_proto(model: "ir.Model") -> "onnx.ModelProto":
    """The model as an `onnx.ModelProto` that holds its weights itself."""
    import onnx_ir as ir

    inlined = model
    if any(isinstance(tensor, ir.ExternalTensor) for tensor in weights(model)):
        inlined = ir.external_data.load_to_model(model.clone())
    return ir.serde.serialize_model(inlined)


def weights(model: "ir.Model") -> "Iterator[ir.TensorProtocol]":
    """All initializer tensors of a model, its subgraphs' too."""
    for graph in model.graphs():
        for value in graph.initializers.values():
            if value.const_value is not None:
                yield value.const_value


def weight_bytes(model: "ir.Model") -> int:
    """The size of all initializers in bytes."""
    return sum(tensor.nbytes for tensor in weights(model))


def require_file(path: Path) -> None:
    """Raise E-FILE-MISSING, with near matches, unless the path is a file."""
    if path.is_file():
        return
    what = f"{path} is a folder, not a file" if path.is_dir() else f"{path} does not exist"
    raise PortproofError("E-FILE-MISSING", what, where=str(path), hint=did_you_mean(near_files(path)))


def _check_in_child(path: Path) -> None:
    """Run onnx's own checker and shape inference, native code that a hostile model may crash, in a child."""
    result = run_isolated(
        "portproof.exporter.onnx_check:main",
        os.fspath(path.resolve()),
        timeout_s=_CHECK_TIMEOUT_S,
        memory_bytes=_CHECK_MEMORY_BYTES,
    )
    if result.timed_out:
        raise _invalid(path, f"checking it took more than {_CHECK_TIMEOUT_S:.0f} s")
    if result.returncode == 3:
        raise _invalid(path, result.stdout.strip())
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or [""])[-1]
        raise _invalid(path, f"the checker {describe_exit(result.returncode)}: {reason}")


def _invalid(path: Path, why: str) -> PortproofError:
    return PortproofError(
        "E-MODEL-INVALID",
        f"{path.name} breaks ONNX's rules",
        where=str(path),
        why=why,
        hint="Export the model again; onnx.checker.check_model tells when it is right.",
    )

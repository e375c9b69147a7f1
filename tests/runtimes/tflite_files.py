"""Small TFLite files, written with the schema directly: the exporter is a higher layer."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np

from portproof.runtimes.tflite_schema import schema as tfl


def tensor(name: str, shape: Sequence[int], *, type_: int = 0, buffer: int = 0, scale: float | None = None) -> Any:
    made = tfl.TensorT()
    made.name, made.shape, made.type, made.buffer = name, list(shape), type_, buffer
    if -1 in shape:
        made.shapeSignature, made.shape = list(shape), [1 if size == -1 else size for size in shape]
    if scale is not None:
        made.quantization = tfl.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [scale], [0]
    return made


def operator(code: int, inputs: Sequence[int], outputs: Sequence[int], options: Any = None) -> Any:
    made = tfl.OperatorT()
    made.opcodeIndex, made.inputs, made.outputs = code, list(inputs), list(outputs)
    if options is not None:
        name = type(options).__name__.removesuffix("T")
        made.builtinOptionsType, made.builtinOptions = getattr(tfl.BuiltinOptions, name), options
    return made


def code(name: str) -> Any:
    made = tfl.OperatorCodeT()
    made.builtinCode = getattr(tfl.BuiltinOperator, name)
    made.deprecatedBuiltinCode, made.version = min(made.builtinCode, 127), 1
    return made


def model(
    tensors: Sequence[Any],
    operators: Sequence[Any],
    codes: Sequence[str],
    *,
    inputs: Sequence[int],
    outputs: Sequence[int],
    constants: Sequence[np.ndarray[Any, Any]] = (),
    signature: tuple[Sequence[str], Sequence[str]] | None = None,
    perms: dict[str, dict[str, list[int]]] | None = None,
) -> Any:
    made, graph = tfl.ModelT(), tfl.SubGraphT()
    made.version, made.operatorCodes = 3, [code(name) for name in codes]
    graph.tensors, graph.operators = list(tensors), list(operators)
    graph.inputs, graph.outputs = list(inputs), list(outputs)
    made.subgraphs, made.buffers = [graph], [tfl.BufferT()]
    for constant in constants:
        made.buffers.append(buffer(constant.tobytes()))
    if signature:
        made.signatureDefs = [_signature(signature, inputs, outputs)]
    if perms is not None:
        entry = tfl.MetadataT()
        entry.name, entry.buffer = "portproof.io", len(made.buffers)
        made.metadata = [entry]
        made.buffers.append(buffer(json.dumps(perms).encode()))
    return made


def write(path: Path, made: Any) -> Path:
    builder = flatbuffers.Builder(1024)
    builder.Finish(made.Pack(builder), b"TFL3")
    path.write_bytes(bytes(builder.Output()))
    return path


def scale_model(
    path: Path,
    *,
    batch: int = 2,
    signature: bool = True,
    perms: dict[str, dict[str, list[int]]] | None = None,
) -> Path:
    """``y = x * [1, 2, 3]`` on float32[batch, 4, 5, 3]; a batch of -1 is dynamic."""
    tensors = [
        tensor("serving_x:0", (batch, 4, 5, 3)),
        tensor("factor", (3,), buffer=1),
        tensor("Identity", (batch, 4, 5, 3)),
    ]
    made = model(
        tensors,
        [operator(0, [0, 1], [2], tfl.MulOptionsT())],
        ["MUL"],
        inputs=[0],
        outputs=[2],
        constants=[np.array([1, 2, 3], "float32")],
        signature=(["x"], ["y"]) if signature else None,
        perms=perms,
    )
    return write(path, made)


def two_signatures(path: Path) -> Path:
    """Graphs of equal names and numbers: ``serving_default`` as `scale_model`, ``tenfold`` ten times that."""
    made, other = read_back(scale_model(path)), read_back(path)
    other.subgraphs[0].tensors[1].buffer = len(made.buffers)
    made.buffers.append(buffer(np.array([10, 20, 30], "float32").tobytes()))
    other.signatureDefs[0].signatureKey, other.signatureDefs[0].subgraphIndex = "tenfold", 1
    made.subgraphs += other.subgraphs
    made.signatureDefs += other.signatureDefs
    return write(path, made)


def aborting_model(path: Path) -> Path:
    """LESS on int8 without scales: a CHECK in the kernel aborts the whole process."""
    tensors = [tensor(name, (1, 4), type_=9) for name in "ab"] + [tensor("y", (1, 4), type_=6)]
    less = operator(0, [0, 1], [2], tfl.LessOptionsT())
    return write(path, model(tensors, [less], ["LESS"], inputs=[0, 1], outputs=[2]))


def buffer(data: bytes) -> Any:
    made = tfl.BufferT()
    made.data = np.frombuffer(data, "uint8")
    return made


def _signature(names: tuple[Sequence[str], Sequence[str]], inputs: Sequence[int], outputs: Sequence[int]) -> Any:
    made = tfl.SignatureDefT()
    made.signatureKey, made.subgraphIndex = "serving_default", 0
    made.inputs = [_map(name, index) for name, index in zip(names[0], inputs, strict=True)]
    made.outputs = [_map(name, index) for name, index in zip(names[1], outputs, strict=True)]
    return made


def _map(name: str, index: int) -> Any:
    made = tfl.TensorMapT()
    made.name, made.tensorIndex = name, index
    return made


def read_back(path: Path) -> Any:
    """The model of a file, to change and write again."""
    return tfl.ModelT.InitFromPackedBuf(path.read_bytes())

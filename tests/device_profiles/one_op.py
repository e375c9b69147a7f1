"""TFLite models of one operator, and whether XNNPACK takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flatbuffers
import numpy as np

from portproof.runtimes.tflite_schema import schema as tfl

_TYPES = {"float32": 0, "int32": 2, "int8": 9}


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """A tensor; with `data` a constant, else computed or given."""

    shape: Sequence[int]
    dtype: str = "int8"
    scale: float | Sequence[float] | None = None
    zero_point: int = 0
    axis: int = 0
    data: Any = None


def real(*shape: int) -> Tensor:
    return Tensor(shape=shape, dtype="float32")


def quantized(*shape: int, scale: float = 0.05, zero_point: int = 3) -> Tensor:
    return Tensor(shape=shape, scale=scale, zero_point=zero_point)


def indices(*values: int) -> Tensor:
    return Tensor(shape=(len(values),), dtype="int32", data=values)


def options(name: str, **values: Any) -> Any:
    made = getattr(tfl, f"{name}OptionsT")()
    for key, value in values.items():
        assert hasattr(made, key)
        setattr(made, key, value)
    return made


def delegated(op: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], chosen: Any = None) -> bool:
    """Whether the default delegate takes the operator."""
    from ai_edge_litert.interpreter import Interpreter

    loaded = Interpreter(model_content=_model(op, inputs, outputs, chosen), num_threads=1)
    loaded.allocate_tensors()
    return "DELEGATE" in [each["op_name"] for each in loaded._get_ops_details()]


def _model(op: str, inputs: Sequence[Tensor], outputs: Sequence[Tensor], chosen: Any) -> bytes:
    model, graph, code, operator = tfl.ModelT(), tfl.SubGraphT(), tfl.OperatorCodeT(), tfl.OperatorT()
    code.builtinCode = getattr(tfl.BuiltinOperator, op)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [tfl.BufferT()]
    graph.tensors = [_tensor(each, number, model.buffers) for number, each in enumerate([*inputs, *outputs])]
    operator.inputs, operator.outputs = list(range(len(inputs))), list(range(len(inputs), len(graph.tensors)))
    if chosen is not None:
        operator.builtinOptionsType = getattr(tfl.BuiltinOptions, type(chosen).__name__.removesuffix("T"))
        operator.builtinOptions = chosen
    graph.operators, graph.outputs = [operator], operator.outputs
    graph.inputs = [number for number, each in enumerate(inputs) if each.data is None]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _tensor(given: Tensor, number: int, buffers: list[Any]) -> Any:
    made = tfl.TensorT()
    made.name, made.shape, made.type, made.hasRank = f"t{number}", list(given.shape), _TYPES[given.dtype], True
    made.buffer = 0
    if given.data is not None:
        buffer = tfl.BufferT()
        array = np.asarray(given.data, given.dtype)
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        buffers.append(buffer)
        made.buffer = len(buffers) - 1
    if given.scale is not None:
        made.quantization = tfl.QuantizationParametersT()
        scales = np.atleast_1d(np.asarray(given.scale, np.float32))
        made.quantization.scale = scales
        made.quantization.zeroPoint = np.full(scales.shape, given.zero_point, np.int64)
        made.quantization.quantizedDimension = given.axis
    return made

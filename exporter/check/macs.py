"""Multiply-accumulates of operators, from their shapes: convolutions and products, as usual, and nothing else."""

import math
from collections.abc import Callable

from portproof.device_profiles.op_rules.facts import OpFacts


def tflite_macs(op: OpFacts) -> int:
    """Of an operator of TFLite: weights are [O, H, W, I], depthwise [1, H, W, O]."""
    count = _TFLITE.get(op.op)
    return 0 if count is None else count(op)


def onnx_macs(op: OpFacts) -> int:
    """Of an operator of ONNX."""
    count = _ONNX.get(op.op)
    return 0 if count is None else count(op)


def _sizes(op: OpFacts, index: int) -> tuple[int, ...]:
    tensor = op.input(index)
    return () if tensor is None else tensor.sizes


def _made(op: OpFacts) -> int:
    return math.prod(op.outputs[0].sizes)


def _conv(op: OpFacts) -> int:
    return _made(op) * math.prod(_sizes(op, 1)[1:])


def _depthwise(op: OpFacts) -> int:
    return _made(op) * math.prod(_sizes(op, 1)[1:3])


def _transposed(op: OpFacts) -> int:
    """TFLite's input is the third, [N, H, W, I]; weights [O, H, W, I]: each input element meets O * H * W weights."""
    return math.prod(_sizes(op, 2)) * math.prod(_sizes(op, 1)[:3])


def _fully_connected(op: OpFacts) -> int:
    return _made(op) * _sizes(op, 1)[-1]


def _batch_matmul(op: OpFacts) -> int:
    first = _sizes(op, 0)
    return _made(op) * (first[-2] if op.integer("adj_x", 0) else first[-1])


def _recurrent(op: OpFacts) -> int:
    """All gates of UNIDIRECTIONAL_SEQUENCE_LSTM: the weights of each meet every step."""
    steps = math.prod(_sizes(op, 0)[:-1])
    return steps * sum(math.prod(_sizes(op, index)) for index in range(1, 9))


def _onnx_transposed(op: OpFacts) -> int:
    return math.prod(_sizes(op, 0)) * math.prod(_sizes(op, 1)[1:])


def _gemm(op: OpFacts) -> int:
    first = _sizes(op, 0)
    return _made(op) * (first[0] if op.integer("transA", 0) else first[-1])


def _matmul(op: OpFacts) -> int:
    first = _sizes(op, 0)
    return _made(op) * (first[-1] if first else 1)


def _attention(op: OpFacts) -> int:
    query, key, value = (_sizes(op, index) for index in range(3))
    return math.prod(query[:-1]) * key[-2] * (query[-1] + value[-1]) if len(query) == 4 else 0


def _onnx_recurrent(op: OpFacts) -> int:
    """W is [directions, gates * hidden, input], R [directions, gates * hidden, hidden]."""
    steps = math.prod(_sizes(op, 0)[:-1])
    return steps * (math.prod(_sizes(op, 1)) + math.prod(_sizes(op, 2)))


_TFLITE: dict[str, Callable[[OpFacts], int]] = {
    "CONV_2D": _conv,
    "CONV_3D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _batch_matmul,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _recurrent,
}
_ONNX: dict[str, Callable[[OpFacts], int]] = {
    "Conv": _conv,
    "ConvTranspose": _onnx_transposed,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Attention": _attention,
    "LSTM": _onnx_recurrent,
    "GRU": _onnx_recurrent,
    "RNN": _onnx_recurrent,
}

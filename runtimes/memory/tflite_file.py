"""The memory of a TFLite file, as LiteRT's arena plans it.

What each tensor takes follows `sharing`; every subgraph has a block of its own. What kernels take for themselves (the
unfolded input of a convolution in LiteRT's plain kernels, packed weights in XNNPACK) is not in the file.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portproof.runtimes.memory.memory_plan import MemoryPlan, planned
from portproof.runtimes.memory.sharing import Graph, Sharing, Step
from portproof.runtimes.tflite_schema import read as read_model
from portproof.runtimes.tflite_schema import schema

_BITS = {
    "FLOAT64": 64,
    "INT64": 64,
    "UINT64": 64,
    "COMPLEX64": 64,
    "COMPLEX128": 128,
    "FLOAT32": 32,
    "INT32": 32,
    "UINT32": 32,
    "FLOAT16": 16,
    "BFLOAT16": 16,
    "INT16": 16,
    "UINT16": 16,
    "INT8": 8,
    "UINT8": 8,
    "BOOL": 8,
    "INT4": 8,  # unpacked: one in a byte
}
_TYPES = {number: name for name, number in vars(schema.TensorType).items() if not name.startswith("_")}
_NAMES = {number: name for name, number in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
SHARING: dict[str, Sharing] = {
    **dict.fromkeys(("RESHAPE", "EXPAND_DIMS", "SQUEEZE", "BITCAST"), "same_data"),
    **dict.fromkeys(("ADD", "SUB", "MUL", "DIV"), "first_two"),
    **dict.fromkeys(("SOFTMAX", "DYNAMIC_UPDATE_SLICE"), "first"),
}
"""What LiteRT's kernels declare (`inplace_operator` of their registrations)."""


def read(path: Path) -> MemoryPlan:
    """The plan of all its subgraphs.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``.
    """
    model = read_model(path)
    names = [_NAMES.get(max(code.builtinCode, code.deprecatedBuiltinCode), "CUSTOM") for code in model.operatorCodes]
    plans = [_subgraph(model, graph, names) for graph in model.subgraphs]
    main = plans[0]
    return MemoryPlan(
        weight_bytes=sum(_constants(model)),
        least_bytes=sum(plan.least_bytes for plan in plans),
        arena_bytes=sum(plan.arena_bytes for plan in plans),
        moment=main.moment,
        operator=main.operator,
        unknown=tuple(name for plan in plans for name in plan.unknown),
    )


def _subgraph(model: Any, graph: Any, types: Sequence[str]) -> MemoryPlan:
    names = [f"{_text(tensor.name)}#{at}" for at, tensor in enumerate(graph.tensors)]
    steps = [
        Step(
            inputs=[names[at] for at in _indices(op.inputs)],
            outputs=[names[at] for at in _indices(op.outputs)],
            sharing=SHARING.get(types[op.opcodeIndex], "none"),
        )
        for op in graph.operators or ()
    ]
    tensors = Graph(
        steps=steps,
        sizes={name: _size(tensor) for name, tensor in zip(names, graph.tensors, strict=True)},
        constants=frozenset(name for name, tensor in zip(names, graph.tensors, strict=True) if _held(model, tensor)),
        inputs=[names[at] for at in _indices(graph.inputs)],
        outputs=[names[at] for at in _indices(graph.outputs)],
        variables=[name for name, tensor in zip(names, graph.tensors, strict=True) if tensor.isVariable],
    )
    kinds = [types[op.opcodeIndex] for op in graph.operators or ()]
    shown = [
        f"{kind} {(step.outputs or [''])[0].rpartition('#')[0]}".rstrip()
        for kind, step in zip(kinds, steps, strict=True)
    ]
    return planned(tensors, shown, weight_bytes=0)


def _shown(type_: str, step: Step) -> str:
    return f"{type_} {step.outputs[0].rpartition('#')[0]}" if step.outputs else type_


def _size(tensor: Any) -> int | None:
    bits = _BITS.get(_TYPES.get(tensor.type, ""))
    signature = tensor.shapeSignature if tensor.shapeSignature is not None else ()
    if bits is None or any(size < 0 for size in signature):
        return None
    return math.prod(int(size) for size in (tensor.shape if tensor.shape is not None else ())) * bits // 8


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def _indices(values: Any) -> list[int]:
    return [int(at) for at in (values if values is not None else ()) if at >= 0]


def _held(model: Any, tensor: Any) -> int:
    buffer = model.buffers[tensor.buffer]
    return int(buffer.size) if buffer.data is None else len(buffer.data)


def _constants(model: Any) -> list[int]:
    used = {tensor.buffer for graph in model.subgraphs for tensor in graph.tensors or ()}
    return [int(b.size) if b.data is None else len(b.data) for at, b in enumerate(model.buffers) if at in used]

"""The work of operators that multiply and accumulate, by their ONNX definitions."""

from collections.abc import Callable
from math import prod
from typing import Any

from portproof.device_profiles.cost.graph import Graph, Node
from portproof.device_profiles.cost.work import Layer

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def _size(graph: Graph, name: str) -> int:
    return prod(graph.shapes.get(name, ())) if name else 0


def _layer(node: Node, graph: Graph, kind: str, data: tuple[str, ...], weights: tuple[str, ...], **work: int) -> Layer:
    return Layer(
        name=node.name,
        kind=kind,
        inputs=sum(_size(graph, name) for name in data),
        outputs=_size(graph, node.outputs[0]),
        params=sum(_size(graph, name) for name in weights if name),
        **work,
    )


def _conv(node: Node, graph: Graph, at: int = 1) -> list[Layer]:
    """Conv and its integer forms; `at`: the position of the weights, of shape [Cout, Cin / groups, kernel...]."""
    data, weights = node.inputs[0], node.inputs[at]
    shape = graph.shapes[weights]
    reduction = prod(shape[1:])
    bias = node.inputs[-1:] if len(node.inputs) in {at + 2, at + 6} else ()
    return [
        _layer(
            node, graph, _conv_kind(shape, int(node.attributes.get("group", 1))), (data,), (weights, *bias),
            macs=_size(graph, node.outputs[0]) * reduction, reduction=reduction, channels=shape[0],
            window=prod(shape[2:]), stride=prod(node.attributes.get("strides", ())),
            dilation=prod(node.attributes.get("dilations", ())),
        )
    ]  # fmt: skip


def _conv_kind(shape: tuple[int, ...], groups: int) -> str:
    if groups > 1:
        return "dw" if shape[1] == 1 else "gconv"
    return "pw" if prod(shape[2:]) == 1 else "conv"


def _conv_transpose(node: Node, graph: Graph) -> list[Layer]:
    """Weights of shape [Cin, Cout / groups, kernel...]: every input element meets each."""
    shape = graph.shapes[node.inputs[1]]
    groups = int(node.attributes.get("group", 1))
    return [
        _layer(
            node, graph, "deconv", node.inputs[:1], node.inputs[1:],
            macs=_size(graph, node.inputs[0]) * prod(shape[1:]),
            reduction=shape[0] // groups * prod(shape[2:]), channels=shape[1] * groups, window=prod(shape[2:]),
        )
    ]  # fmt: skip


def _matmul(node: Node, graph: Graph, at: int = 1) -> list[Layer]:
    """MatMul, Gemm and their integer forms; `at`: the position of the second matrix."""
    left, right = node.inputs[0], node.inputs[at]
    out = graph.shapes[node.outputs[0]]
    rows = graph.shapes[left]
    reduction = rows[0 if node.attributes.get("transA") else -1] if rows else 1
    constant = [name for name in (left, right) if name in graph.constants]
    data = tuple(name for name in (left, right) if name not in constant)
    bias = node.inputs[2:3] if node.op == "Gemm" else ()
    return [
        _layer(
            node, graph, "fc" if constant else "bmm", data, (*constant, *bias),
            macs=prod(out) * reduction, reduction=reduction, channels=out[-1] if out else 1,
        )
    ]  # fmt: skip


def _einsum(node: Node, graph: Graph) -> list[Layer]:
    """As many products as there are combinations of all indices (ellipses stand for the rest of the output)."""
    equation = node.attributes["equation"].decode().replace(" ", "").replace("...", "")
    sizes: dict[str, int] = {}
    for term, name in zip(equation.split("->")[0].split(","), node.inputs, strict=True):
        shape = graph.shapes[name]
        sizes |= dict(zip(term, shape[len(shape) - len(term) :], strict=True))
    summed = prod(size for index, size in sizes.items() if index not in equation.partition("->")[2])
    constant = tuple(name for name in node.inputs if name in graph.constants)
    data = tuple(name for name in node.inputs if name not in constant)
    out = graph.shapes[node.outputs[0]]
    return [
        _layer(
            node, graph, "fc" if constant else "bmm", data, constant,
            macs=prod(out) * summed, reduction=summed, channels=out[-1] if out else 1,
        )
    ]  # fmt: skip


def _attention(node: Node, graph: Graph) -> list[Layer]:
    """Two products and a softmax, as if written out; [batch, heads, length, size] or [batch, length, hidden]."""
    query, key, value = (graph.shapes[name] for name in node.inputs[:3])
    batch, length, keys = query[0], query[-2], key[-2]
    heads = (
        query[1] if len(query) == 4 else int(node.attributes.get("q_num_heads", node.attributes.get("num_heads", 1)))
    )
    hidden, hidden_out = prod(query) // (batch * length), prod(value) // (batch * value[-2])
    scores = batch * heads * length * keys
    first = scores * (hidden // heads)
    second = scores * (hidden_out // heads)
    return [
        Layer(name=node.name, kind="bmm", macs=first, inputs=prod(query) + prod(key), outputs=scores,
              reduction=hidden // heads, channels=keys),
        Layer(name=node.name, kind="softmax", inputs=scores, outputs=scores),
        Layer(name=node.name, kind="bmm", macs=second, inputs=scores + prod(value),
              outputs=_size(graph, node.outputs[0]), reduction=keys, channels=hidden_out // heads),
    ]  # fmt: skip


def _recurrent(node: Node, graph: Graph) -> list[Layer]:
    """Each step multiplies its input and the state by the weights of all gates; directions are in the weights."""
    steps, batch = graph.shapes[node.inputs[0]][:2]
    weights = node.inputs[1:3]
    return [
        _layer(
            node, graph, "rnn", node.inputs[:1], node.inputs[1:4],
            macs=steps * batch * sum(_size(graph, name) for name in weights),
            reduction=sum(graph.shapes[name][-1] for name in weights),
            channels=_GATES[node.op] * int(node.attributes["hidden_size"]),
        )
    ]  # fmt: skip


Make = Callable[..., list[Layer]]
#: By operator: the function, and where its second operand is.
_MAKERS: dict[str, tuple[Make, dict[str, Any]]] = {
    "Conv": (_conv, {}),
    "ConvInteger": (_conv, {}),
    "QLinearConv": (_conv, {"at": 3}),
    "DeformConv": (_conv, {}),
    "ConvTranspose": (_conv_transpose, {}),
    "MatMul": (_matmul, {}),
    "Gemm": (_matmul, {}),
    "MatMulInteger": (_matmul, {}),
    "com.microsoft.FusedMatMul": (_matmul, {}),
    "QLinearMatMul": (_matmul, {"at": 3}),
    "Einsum": (_einsum, {}),
    "Attention": (_attention, {}),
    "com.microsoft.MultiHeadAttention": (_attention, {}),
    "LSTM": (_recurrent, {}),
    "GRU": (_recurrent, {}),
    "RNN": (_recurrent, {}),
}


def of_node(node: Node, graph: Graph) -> list[Layer] | None:
    """The layers of an operator that multiplies and accumulates; None if it is none."""
    if node.op not in _MAKERS:
        return None
    make, options = _MAKERS[node.op]
    return make(node, graph, **options)

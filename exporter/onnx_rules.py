"""ONNX's rules of names and order, checked so that the message names the node: onnx.checker's often do not.

The rules are those of onnx's IR.md: every value is defined once, before its use; no path leads back.
"""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.onnx_external import tensors

if TYPE_CHECKING:
    import onnx

_MOST_SHOWN = 20
_NO_WIDTH = (0, 8)  # undefined, string


def check(proto: "onnx.ModelProto", where: str) -> None:
    """Raise E-MODEL-INVALID with every finding: undefined values, cycles, double names, sizes."""
    findings = [*_graph_findings(proto.graph, set()), *_size_findings(tensors(proto))]
    if findings:
        messages = [Message(code="E-MODEL-INVALID", what=text, where=where) for text in findings[:_MOST_SHOWN]]
        raise PortproofError.of(messages)


def _graph_findings(graph: "onnx.GraphProto", outer: set[str]) -> list[str]:
    given = [v.name for v in graph.input]
    # An initializer may repeat an input's name: it is then that input's default.
    weights = [t.name for t in graph.initializer] + [t.values.name for t in graph.sparse_initializer]
    made = [name for node in graph.node for name in node.output if name]
    found = [f"the name '{name}' is defined twice" for name in _doubles(given) + _doubles(weights)]
    found += [
        f"node {_label(node)} defines '{name}', which is defined already"
        for name in _doubles([*set(given) | set(weights), *made])
        for node in graph.node
        if name in node.output
    ][:_MOST_SHOWN]
    return found + _order_findings(graph, outer | set(given) | set(weights), set(made))


def _order_findings(graph: "onnx.GraphProto", known: set[str], made: set[str]) -> list[str]:
    found: list[str] = []
    late: list[onnx.NodeProto] = []
    for node in graph.node:
        unknown = [name for name in node.input if name and name not in known]
        found += [f"node {_label(node)} reads '{name}', which nothing defines" for name in unknown if name not in made]
        if any(name in made for name in unknown):
            late.append(node)
        for attribute in node.attribute:
            for body in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                found += _graph_findings(body, known)
        known.update(node.output)
    found += _late_findings(graph, late)
    found += [f"the output '{v.name}' is defined by nothing" for v in graph.output if v.name not in known]
    return found


def _late_findings(graph: "onnx.GraphProto", late: "list[onnx.NodeProto]") -> list[str]:
    """What reads a value that a later node makes: part of a cycle, or only out of order."""
    if not late:
        return []
    ring = _cycle(graph)
    if ring:
        return [f"the graph has a cycle: {' -> '.join(_label(node) for node in ring[:8])}"]
    return [f"node {_label(node)} stands before the node that makes its input" for node in late]


def _cycle(graph: "onnx.GraphProto") -> "list[onnx.NodeProto]":
    """The nodes of one cycle in order, the first repeated at the end; empty when there is none."""
    maker = {name: k for k, node in enumerate(graph.node) for name in node.output if name}
    before = [[maker[name] for name in node.input if name in maker] for node in graph.node]
    left = _not_sortable(before)
    if not left:
        return []
    path, seen = [min(left)], dict[int, int]()
    while path[-1] not in seen:  # every node left has a predecessor that is left: going back must come round
        seen[path[-1]] = len(path) - 1
        path.append(min(k for k in before[path[-1]] if k in left))
    return [graph.node[k] for k in reversed(path[seen[path[-1]] :])]


def _not_sortable(before: list[list[int]]) -> set[int]:
    """The indices that a topological sort cannot place: those on cycles, and what depends on them."""
    after: list[list[int]] = [[] for _ in before]
    missing = [len(sources) for sources in before]
    for k, sources in enumerate(before):
        for source in sources:
            after[source].append(k)
    ready = [k for k, count in enumerate(missing) if count == 0]
    left = set(range(len(before)))
    while ready:
        k = ready.pop()
        left.discard(k)
        for follower in after[k]:
            missing[follower] -= 1
            if missing[follower] == 0:
                ready.append(follower)
    return left


def _size_findings(all_tensors: "Iterable[onnx.TensorProto]") -> list[str]:
    """Weights whose bytes are not what their shape and type need; reading them would run past their end."""
    import onnx_ir as ir

    found = []
    for tensor in all_tensors:
        if any(dim < 0 for dim in tensor.dims):
            found.append(f"tensor '{tensor.name}' has a negative dimension: {list(tensor.dims)}")
        elif tensor.HasField("raw_data") and tensor.data_type in set(ir.DataType):
            bits = 0 if tensor.data_type in _NO_WIDTH else ir.DataType(tensor.data_type).bitwidth
            needed = -(-math.prod(tensor.dims) * bits // 8)
            if bits and len(tensor.raw_data) != needed:
                have = len(tensor.raw_data)
                found.append(f"tensor '{tensor.name}' needs {needed} bytes for its shape and type, it has {have}")
    return found


def _doubles(names: list[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _label(node: "onnx.NodeProto") -> str:
    return f"'{node.name}' ({node.op_type})" if node.name else f"{node.op_type} -> '{next(iter(node.output), '')}'"

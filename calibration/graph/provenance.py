"""Where a node comes from: the user's source line and the torch module path, carried through every pass.

torch's exporter writes two long entries on every node (a stack trace with absolute paths, the module path).
`compact` turns them into two short ones that do not depend on where the checkout lies; `where` reads both.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

WHERE = "portproof.where"
MODULE = "portproof.module"
STACK_TRACE = "pkg.torch.onnx.stack_trace"
NAME_SCOPES = "pkg.torch.onnx.name_scopes"
_KEYS = (WHERE, MODULE, STACK_TRACE, NAME_SCOPES)
_FRAME = re.compile(r'File "(?P<file>.+?)", line (?P<line>\d+), in (?P<function>\S+)')
_INSTALLED = re.compile(r"[/\\](site|dist)-packages[/\\]")
_TORCH = re.compile(r"[/\\](torch|onnxscript)[/\\]|[/\\]lib[/\\]python3\.\d+[/\\](?!site|dist)|^<")


def where(node: "ir.Node") -> str:
    """The place of a node for a message: ``"net.py:41 in forward (features.3.conv)"``.

    Without a line of the user's: ``"module features.3.conv"``; without either: ``"node 'Conv_3'"``.
    """
    line, module = _line(node), _module(node)
    if line:
        return f"{line} ({module})" if module else line
    return f"module {module}" if module else f"node '{node.name}'"


def known(node: "ir.Node") -> bool:
    """Whether a node carries any provenance."""
    found = node.metadata_props
    return bool(found) and any(key in found for key in _KEYS)


def inherit(node: "ir.Node", *sources: "ir.Node | None") -> None:
    """Give a node the provenance of the first source that has any; what it has already stays."""
    if known(node):
        return
    for source in sources:
        if source is not None and known(source):
            _copy(source, node)
            return


def carry(before: "ir.Model", after: "ir.Model") -> None:
    """Bring the provenance of `before` to the nodes of `after`, which a foreign tool has rewritten.

    Values that survive keep their names, so a node takes the provenance of the node that made the same value;
    a new node takes its nearest neighbour's (see `fill`). Changes `after` in place.
    """
    makers = {v.name: node for node in before.graph.all_nodes() for v in node.outputs if v.name}
    for node in after.graph.all_nodes():
        inherit(node, *(makers[v.name] for v in node.outputs if v.name in makers))
    fill(after)


def fill(model: "ir.Model") -> None:
    """Give nodes without provenance that of their nearest consumer, else of their nearest producer."""
    nodes = list(model.graph.all_nodes())
    for _ in range(2):  # what no consumer could tell in the first round, a producer's consumer may in the second
        for node in reversed(nodes):
            inherit(node, *_consumers(node))
        for node in nodes:
            inherit(node, *_producers(node))
        for node in nodes:  # a branch's body stands where its If or Loop stands
            for inner in _body(node):
                inherit(inner, node)


def compact(model: "ir.Model") -> None:
    """Replace torch's metadata on nodes, values and graphs by the two short entries, in place.

    Keeps absolute paths, and everything else that differs between two checkouts, out of the artifacts.
    """
    for node in _all_nodes(model):
        line, module = _line(node), _module(node)
        _drop_foreign(node.metadata_props)
        for value in node.outputs:
            _drop_foreign(value.metadata_props)
        node.metadata_props.update({key: text for key, text in ((WHERE, line), (MODULE, module)) if text})
        node.doc_string = None
    _drop_foreign(model.metadata_props)
    for graph in model.graphs():
        _drop_foreign(graph.metadata_props)
        for value in (*graph.inputs, *graph.outputs, *graph.initializers.values()):
            _drop_foreign(value.metadata_props)


def user_line(stack_trace: str) -> str:
    """The innermost line of a stack trace that is the user's own: ``"net.py:41 in forward"``, or "".

    The user's own code lies outside any site-packages; where no frame does, any package but torch will do.
    """
    frames = list(_FRAME.finditer(stack_trace))
    own = [f for f in frames if not _INSTALLED.search(f["file"]) and not _TORCH.search(f["file"])]
    others = [f for f in frames if not _TORCH.search(f["file"])]
    for frame in (own or others)[-1:]:
        return f"{_base_name(frame['file'])}:{frame['line']} in {frame['function']}"
    return ""


def module_path(name_scopes: str) -> str:
    """``"features.3"`` of ``"['', 'features', 'features.3', 'conv2d']"``, whose last part is the op."""
    try:
        scopes = ast.literal_eval(name_scopes)
    except (ValueError, SyntaxError):
        return ""
    return str(scopes[-2]) if isinstance(scopes, list) and len(scopes) > 1 else ""


def _line(node: "ir.Node") -> str:
    short = node.metadata_props.get(WHERE)
    return short if short is not None else user_line(node.metadata_props.get(STACK_TRACE, ""))


def _module(node: "ir.Node") -> str:
    short = node.metadata_props.get(MODULE)
    return short if short is not None else module_path(node.metadata_props.get(NAME_SCOPES, ""))


def _base_name(path: str) -> str:
    return PureWindowsPath(path).name if "\\" in path else PurePosixPath(path).name


def _copy(source: "ir.Node", target: "ir.Node") -> None:
    for key in _KEYS:
        if key in source.metadata_props:
            target.metadata_props[key] = source.metadata_props[key]


def _drop_foreign(metadata: dict[str, str]) -> None:
    for key in [k for k in metadata if k.startswith("pkg.") or k == "namespace"]:
        del metadata[key]


def _all_nodes(model: "ir.Model") -> "Iterator[ir.Node]":
    yield from model.graph.all_nodes()
    for function in model.functions.values():
        yield from function.all_nodes()


def _consumers(node: "ir.Node") -> "Iterator[ir.Node]":
    for value in node.outputs:
        yield from value.consumers()


def _producers(node: "ir.Node") -> "Iterator[ir.Node | None]":
    for value in node.inputs:
        yield value.producer() if value is not None else None


def _body(node: "ir.Node") -> "Iterator[ir.Node]":
    for attribute in node.attributes.values():
        if attribute.is_ref():
            continue
        if attribute.type.name == "GRAPH":
            yield from attribute.as_graph()
        elif attribute.type.name == "GRAPHS":
            for graph in attribute.as_graphs():
                yield from graph

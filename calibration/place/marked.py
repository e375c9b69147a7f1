"""Nodes that a rewrite has marked to stay float, each with the reason."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

_KEY = "portproof.float"


def mark(node: "ir.Node", why: str) -> None:
    """Let a node stay float in every placement."""
    node.metadata_props[_KEY] = why


def is_marked(node: "ir.Node") -> bool:
    """Whether a node is."""
    return _KEY in node.metadata_props


def marked(model: "ir.Model") -> dict[str, str]:
    """The reasons by the nodes' names."""
    return {node.name or "": node.metadata_props[_KEY] for node in model.graph if is_marked(node)}

"""Operators of ONNX that draw random numbers: two runs of them cannot be compared."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx_ir as ir

RANDOM = frozenset(
    {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
)


def draws_random_numbers(model: "ir.Model") -> bool:
    """Whether any node does, subgraphs included."""
    return any(node.op_type in RANDOM and node.domain in ("", "ai.onnx") for node in model.graph.all_nodes())

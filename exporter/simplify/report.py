"""What simplification did, for the terminal and for report.json."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.errors import Message

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, kw_only=True)
class SimplifyReport:
    """Counts and proof of one simplification.

    Attributes:
        before: nodes by op type, in the model given; sorted by name. Operators outside the standard carry their
            domain: ``"com.microsoft::FusedConv"``.
        after: the same of the result.
        max_abs_error: by output, the largest absolute difference seen between the two models.
        samples: how many random inputs that was measured on.
        messages: W-SIMPLIFY-SKIPPED when onnxsim could not be used; W-SIMPLIFY-UNPROVEN when nothing could run the
            model given.
    """

    before: dict[str, int]
    after: dict[str, int]
    max_abs_error: dict[str, float] = field(default_factory=dict)
    samples: int = 0
    messages: tuple[Message, ...] = ()

    @property
    def nodes_before(self) -> int:
        """The number of nodes of the model given."""
        return sum(self.before.values())

    @property
    def nodes_after(self) -> int:
        """The number of nodes of the result."""
        return sum(self.after.values())

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "nodes_before": self.nodes_before,
            "nodes_after": self.nodes_after,
            "before": self.before,
            "after": self.after,
            "max_abs_error": self.max_abs_error,
            "samples": self.samples,
            "messages": [message.as_dict() for message in self.messages],
        }


def count_ops(model: "ir.Model") -> dict[str, int]:
    """Nodes by op type, subgraphs included, sorted by name."""
    names = (
        node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}"
        for node in model.graph.all_nodes()
    )
    return dict(sorted(Counter(names).items()))

"""The clip attribute."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Var
from portproof.exporter.lowering.refusal import Refusal


def clip_to(b: Builder, x: Var, limit: float | None) -> Var:
    """`x` within [-limit, limit]; unchanged without a limit.

    Raises:
        Refusal: a negative limit.
    """
    if limit is None:
        return x
    if limit < 0:
        raise Refusal(f"clip is {limit}", "clip is a threshold, 0 at least")
    return b.emit("clip", x=x, alpha=b.like(-limit, x), beta=b.like(limit, x))

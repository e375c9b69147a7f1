"""What placing one model for several units would find more than once."""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from portproof.device_profiles.integer_limits import Site

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Of one model that does not change between.

    Attributes:
        sites: what is known of its nodes.
        never: why no unit computes what begins with a node in integers; empty where some may.
        costly: regions that cost more than they save, with the reason, by all that they follow from.
    """

    sites: "dict[ir.Node, Site]" = field(default_factory=dict)
    never: "dict[ir.Node, str]" = field(default_factory=dict)
    costly: dict[Hashable, dict[str, str]] = field(default_factory=dict)


_KEPT: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def keeping(found: Kept) -> Iterator[None]:
    """While the block runs, what is placed is one model: what was found of it in `found` is not looked for again."""
    token = _KEPT.set(found)
    try:
        yield
    finally:
        _KEPT.reset(token)


def kept() -> Kept | None:
    """What has been found of the model; None where it may be any."""
    return _KEPT.get()

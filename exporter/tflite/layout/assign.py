"""The layout pass as the pipeline calls it."""

from dataclasses import dataclass, field

import onnx_ir as ir

Perm = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class IoPerms:
    """Inputs and outputs whose axes are not in the source's order: the source's axes in the order of the file."""

    inputs: dict[str, Perm] = field(default_factory=dict)
    outputs: dict[str, Perm] = field(default_factory=dict)


def assign_layouts(model: ir.Model, *, free_io: bool) -> IoPerms:
    """Chooses the layout of every tensor of a `tfl` model, in place."""
    return IoPerms()

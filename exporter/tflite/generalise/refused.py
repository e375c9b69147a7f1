"""What cannot be made right at all sizes, told together."""

from collections.abc import Sequence

import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.provenance import where

CODE = "E-SHAPE-DYNAMIC"


class Refused:
    """Collects one message for each operator."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def add(self, node: ir.Node, why: str, hint: str = "") -> None:
        """`node` cannot follow the sizes."""
        self.messages.append(message(node, why, hint))

    def raise_if_any(self) -> None:
        """Raise all of them.

        Raises:
            PortproofError: E-SHAPE-DYNAMIC.
        """
        if self.messages:
            raise PortproofError.of(self.messages)


def message(node: ir.Node | None, why: str, hint: str = "", dims: Sequence[str] = ()) -> Message:
    """E-SHAPE-DYNAMIC for an operator of the file."""
    what = "the model" if node is None else f"{node.op_type}"
    return Message(
        code=CODE,
        what=f"{what} cannot follow a dynamic size",
        where="" if node is None else where(node),
        why=why,
        hint=hint
        or "Pin the dimension to a number, or give its range and step: --input NAME=1x3xH:64..512:32xW:64..512:32.",
        details={"op_type": "" if node is None else node.op_type, "target": "tflite", "dims": list(dims)},
    )

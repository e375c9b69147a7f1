"""How a handler says that the format cannot express an ONNX node."""

from collections.abc import Sequence

from portproof.device_profiles.errors import Message


class Refusal(Exception):  # noqa: N818 (it is a decision about the model, not an error of the program)
    """Raised by a handler; lowering collects all of them and reports them at once.

    Args:
        reason: why the format cannot express the node, one sentence.
        hint: what the user can change in the model.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class UnknownShape(Refusal):
    """A value has no static shape; behind a refused node that is its consequence, not a finding of its own."""


class RefusedInside(Refusal):
    """Nodes of a branch, or of the step of a loop, were refused: each has its own message."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__("nodes inside of it cannot be written")
        self.messages = tuple(messages)

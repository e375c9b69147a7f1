"""Several functions in one file: their names, and making each so that what is refused in any comes together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from portproof.device_profiles.errors import Message, PortproofError

Result = TypeVar("Result")


def check_names(names: Sequence[str]) -> None:
    """Refuse names that no app could call a signature by.

    Raises:
        PortproofError: ``E-USAGE``: there is none, or one is not a name as programming languages have them.
    """
    wrong = [name for name in names if not name.isidentifier()]
    if not names or wrong:
        raise PortproofError(
            "E-USAGE",
            f"a signature cannot be named {', '.join(map(repr, wrong))}"
            if names
            else "there is no function to convert",
            hint="name it as a function is named: letters, digits and _, such as encode=encoder.onnx",
        )


def for_each(names: Sequence[str], make: Callable[[str], Result]) -> dict[str, Result]:
    """What `make` makes of each function, by name; messages say which function they are about where there are several.

    Raises:
        PortproofError: all that is refused in any of them, ``E-OP-UNSUPPORTED`` and the like.
    """
    found: dict[str, Result] = {}
    wrong: list[Message] = []
    for name in names:
        try:
            found[name] = make(name)
        except PortproofError as error:
            wrong += error.messages if len(names) == 1 else [_placed(message, name) for message in error.messages]
    if wrong:
        raise PortproofError.of(wrong)
    return found


def _placed(message: Message, name: str) -> Message:
    where = f"{name}: {message.where}" if message.where else name
    return replace(message, where=where, details={**message.details, "signature": name})

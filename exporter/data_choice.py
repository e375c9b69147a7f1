"""Which DATA is of which function: ``SIGNATURE=DATA`` where there are several."""

from collections.abc import Sequence

from portproof.device_profiles.errors import Message, PortproofError


def by_function(
    data: str | Sequence[str] | None, keys: Sequence[str], *, option: str = "--data"
) -> dict[str, str | None]:
    """The DATA of each function, None where none was given.

    Args:
        data: as the user gave it, once or for each function.
        keys: the functions.
        option: what the user calls it.

    Raises:
        PortproofError: ``E-USAGE``, all at once: DATA without a function where there are several, twice for one.
    """
    given = [data] if isinstance(data, str) else list(data or ())
    found: dict[str, str | None] = dict.fromkeys(keys)
    wrong: list[Message] = []
    for text in given:
        key, equals, place = text.partition("=")
        if len(keys) == 1 and not (equals and key in found):
            key, place = keys[0], text
        if key not in found:
            hint = f"say whose: {' '.join(f'{option} {name}=...' for name in keys)}"
            wrong.append(_usage(f"{option} {text}: the model offers several functions", hint))
        elif found[key] is not None:
            wrong.append(_usage(f"{option} {text}: there is {found[key]} already", "give one place for each function"))
        else:
            found[key] = place
    if wrong:
        raise PortproofError.of(wrong)
    return found


def _usage(what: str, hint: str) -> Message:
    return Message(code="E-USAGE", what=what, hint=hint)

"""What the readers of a Core ML file raise: why it is refused, and where in it, without knowing the file's path.

`parse.read` turns a fault into a `PortproofError` that names the file.
"""

from pathlib import Path

from portproof.device_profiles.errors import PortproofError

_WHAT = {
    "E-MODEL-FORMAT": "{name} is not a readable Core ML model",
    "E-MODEL-UNSUPPORTED": "{name} is a Core ML model that Portproof does not run",
    "E-MODEL-INVALID": "{name} breaks the rules of ML Programs",
    "E-MODEL-EXTERNAL": "the weights of {name} cannot be read",
}
_HINT = {
    "E-MODEL-FORMAT": "check that the file was copied whole, or write it again",
    "E-MODEL-UNSUPPORTED": "convert the source to an ML Program for iOS 15 to iOS 18",
    "E-MODEL-INVALID": "check which tool wrote it, or write it again",
    "E-MODEL-EXTERNAL": "copy the package as a whole folder, or write it again",
}


class FaultError(Exception):
    """A reason to refuse a file.

    Attributes:
        code: a code of the catalogue.
        why: one sentence.
        hint: what to do; the code's own when empty.
        places: where in the file, outermost first.
    """

    def __init__(self, code: str, why: str, *, hint: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.why = why
        self.hint = hint
        self.places: list[str] = []

    def error(self, path: Path) -> PortproofError:
        """The fault as what users are told."""
        return PortproofError(
            self.code,
            _WHAT[self.code].format(name=path.name),
            where=": ".join([str(path), ", ".join(self.places)] if self.places else [str(path)]),
            why=self.why,
            hint=self.hint or _HINT[self.code],
        )


def damaged(why: str, *, hint: str = "") -> FaultError:
    """The file is not what it says it is."""
    return FaultError("E-MODEL-FORMAT", why, hint=hint)


def unsupported(why: str, *, hint: str = "") -> FaultError:
    """The file may be good, but holds what the emulator does not know."""
    return FaultError("E-MODEL-UNSUPPORTED", why, hint=hint)


def invalid(why: str) -> FaultError:
    """The program breaks a rule of the language."""
    return FaultError("E-MODEL-INVALID", why)


def external(why: str, *, hint: str = "") -> FaultError:
    """A weight file is missing, lies elsewhere, or is not what the program says."""
    return FaultError("E-MODEL-EXTERNAL", why, hint=hint)


class within:  # noqa: N801 - used as a word of the language, as contextlib's are
    """Faults raised inside of the ``with`` say that they are there: ``within("operator", "conv_1", "conv")``.

    A class of its own, because models have tens of thousands of operators.
    """

    def __init__(self, kind: str, name: str, of_type: str = "") -> None:
        self._place = (kind, name, of_type)

    def __enter__(self) -> None:
        """Nothing is to be done."""

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        """Lets the fault go on."""
        if isinstance(error, FaultError):
            kind, name, of_type = self._place
            error.places.insert(0, f"{kind} {shown(name)}" + (f" ({shown(of_type)})" if of_type else ""))


def shown(name: str, limit: int = 80) -> str:
    """A name of the file as messages show it: printable, and not longer than `limit`."""
    text = name if name.isprintable() else ascii(name)[1:-1]
    return text if len(text) <= limit else text[: limit - 3] + "..."

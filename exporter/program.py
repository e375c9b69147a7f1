"""What is exported: one function, or several that share a file, each a source of its own.

Several come from ``NAME=MODEL`` arguments, or from a factory that returns a mapping of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import inputs as declarations
from portproof.exporter.naming import declared_by_function
from portproof.exporter.source import Source, load_functions
from portproof.runtimes.options import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    from portproof.exporter.inputs import DeclaredInput


@dataclass(frozen=True, kw_only=True)
class Program:
    """A model, read.

    Attributes:
        name: short name for files: the source's; of several models, the names of their functions.
        functions: the sources by the name of their signature; ``serving_default`` where there is one function.
        models: what the user named for each.
    """

    name: str
    functions: Mapping[str, Source]
    models: Mapping[str, str]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names of the functions, in order."""
        return tuple(self.functions)

    @property
    def only(self) -> Source | None:
        """The source, where there is one function."""
        return next(iter(self.functions.values())) if len(self.functions) == 1 else None

    @property
    def log(self) -> str:
        """What third parties printed while they were read."""
        return "".join(source.log for source in self.functions.values())


def named(models: str | Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """The MODEL arguments by the names they give; the key is empty where a single one has no name.

    Raises:
        PortproofError: ``E-USAGE``: two of one name, names that no app could use, several of which one has no name.
    """
    if isinstance(models, Mapping):
        pairs = list(models.items())
    else:
        pairs = [_split(text) for text in ([models] if isinstance(models, str) else models)]
    names = [name for name, _ in pairs]
    if len(pairs) > 1 and "" in names:
        text = pairs[names.index("")][1]
        raise _usage(f"{text} has no name beside other models", f"name each function: encode={text}")
    for name in names:
        if name and not name.isidentifier():
            raise _usage(f"a function cannot be named {name!r}", "use letters, digits and _: encode=encoder.onnx")
        if names.count(name) > 1:
            raise _usage(f"two models are named {name!r}", "give each function a name of its own")
    if not pairs:
        raise _usage("there is no model", "name one: model.onnx, or several: encode=enc.onnx decode=dec.onnx")
    return dict(pairs)


def load(
    models: str | Sequence[str] | Mapping[str, str],
    *,
    inputs: Sequence[str] = (),
    allow_pickle: bool = False,
    seed: int = 0,
) -> Program:
    """Read what the MODEL arguments name.

    Args:
        models: one in the MODEL grammar, or several, ``"NAME=MODEL"`` or by name.
        inputs: declarations of ``--input``; with several functions ``SIGNATURE:NAME=...``.
        allow_pickle: unpickle models; runs code from the file.
        seed: of random inputs.

    Raises:
        PortproofError: as `source.load_functions`, and ``E-USAGE`` as `named`.
    """
    asked = named(models)
    if list(asked) == [""]:
        text = asked[""]
        functions = load_functions(text, inputs=inputs, allow_pickle=allow_pickle, seed=seed)
        return Program(
            name=next(iter(functions.values())).name, functions=functions, models=dict.fromkeys(functions, text)
        )
    declared = declared_by_function([declarations.parse(text) for text in inputs], list(asked))
    made = {key: _only(text, declared[key], allow_pickle=allow_pickle, seed=seed) for key, text in asked.items()}
    return Program(name="_".join(made), functions=made, models=asked)


def _only(text: str, declared: "Sequence[DeclaredInput]", *, allow_pickle: bool, seed: int) -> Source:
    functions = load_functions(text, inputs=declared, allow_pickle=allow_pickle, seed=seed)
    if list(functions) != [DEFAULT_SIGNATURE]:
        raise _usage(f"{text} offers several functions already: {', '.join(functions)}", "give it without a name")
    return functions[DEFAULT_SIGNATURE]


def _split(text: str) -> tuple[str, str]:
    """``NAME=MODEL``; a file whose name holds an equals sign is a model without a name."""
    name, equals, model = text.partition("=")
    if not equals or "/" in name or Path(text).exists():
        return "", text
    return name, model


def _usage(what: str, hint: str) -> PortproofError:
    return PortproofError("E-USAGE", what, hint=hint)

"""The MODEL grammar: what the user names becomes an ONNX model and, where there is torch, the reference.

``file.py:factory``, ``package.module:factory``, ``model.pt2``, ``model.onnx``. A factory takes nothing and returns
a `torch.nn.Module` or ``(module, example_inputs)``, or a mapping of several of them by name. Nothing is unpickled
unless the user asks for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from numpy.typing import NDArray

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import inputs as declarations
from portproof.exporter import onnx_io, pickles, provenance, source_torch
from portproof.exporter.inputs import DeclaredInput
from portproof.exporter.pinning import pin
from portproof.runtimes.dims import Dim
from portproof.runtimes.options import DEFAULT_SIGNATURE

if TYPE_CHECKING:
    import onnx_ir as ir

Arrays = dict[str, NDArray[Any]]
_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin")


class Function(Protocol):
    """A model as a function of arrays by name."""

    def __call__(self, inputs: Mapping[str, NDArray[Any]], /) -> Arrays:
        """The outputs by name."""
        ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """A model, read.

    Attributes:
        name: short name for files: the factory's file or module, or the file's stem.
        model: ONNX, checked; provenance in its short form. Sizes of its inputs are numbers, or names of `dims`.
        reference: the torch module as a function of arrays; None when the source is ONNX.
        example: the example inputs by name, in order; None when the source is ONNX.
        dims: the dimensions that stay dynamic.
        usual: sizes of theirs that the user's own example has.
        messages: warnings for the user.
        log: what third parties printed on the way.
    """

    name: str
    model: "ir.Model"
    reference: Function | None = None
    example: Arrays | None = None
    dims: tuple[Dim, ...] = ()
    usual: Mapping[str, int] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    log: str = ""

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return tuple(v.name or "" for v in self.model.graph.inputs if not v.is_initializer())

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs, in order."""
        return tuple(v.name or "" for v in self.model.graph.outputs)


def load(
    model: str,
    *,
    inputs: Sequence[str | DeclaredInput] = (),
    allow_pickle: bool = False,
    samples: Sequence[Arrays] = (),
    seed: int = 0,
) -> Source:
    """Read what MODEL names, which is one function.

    Args:
        model: the MODEL grammar.
        inputs: declarations of ``--input``: they pin symbolic shapes or keep sizes dynamic, and make example inputs
            where there are none.
        allow_pickle: unpickle ``torch.save`` files and the like; runs code from the file.
        samples: the user's own inputs by name: the proof of a torch export uses them too.
        seed: of random inputs.

    Raises:
        PortproofError: E-USAGE, E-FILE-MISSING, E-INSTALL, E-SHAPE-DYNAMIC, and the E-MODEL-, E-TORCH- and E-TRACE-
            codes.
    """
    functions = load_functions(model, inputs=inputs, allow_pickle=allow_pickle, samples=samples, seed=seed)
    if len(functions) > 1:
        raise PortproofError("E-USAGE", f"{model} offers several functions: {', '.join(functions)}")
    return next(iter(functions.values()))


def load_functions(
    model: str,
    *,
    inputs: Sequence[str | DeclaredInput] = (),
    allow_pickle: bool = False,
    samples: Sequence[Arrays] = (),
    seed: int = 0,
) -> dict[str, Source]:
    """Read what MODEL names: ``serving_default``, or what a factory's mapping offers by name; as `load` otherwise.

    With several functions, `inputs` are declared as ``SIGNATURE:NAME``.
    """
    declared = [d if isinstance(d, DeclaredInput) else declarations.parse(d) for d in inputs]
    place, colon, factory = model.rpartition(":")
    if colon and place and factory.replace(".", "").isidentifier() and not Path(model).exists():
        exports = source_torch.from_factory(place, factory, declared, samples=samples, seed=seed)
        name = Path(place).stem if place.endswith(".py") else place.rpartition(".")[2]
        return {key: _torch_source(name, made) for key, made in exports.items()}
    return {DEFAULT_SIGNATURE: _from_path(Path(model), declared, allow_pickle, samples, seed)}


def _from_path(
    path: Path, declared: list[DeclaredInput], allow_pickle: bool, samples: Sequence[Arrays], seed: int
) -> Source:
    onnx_io.require_file(path)
    if path.suffix == ".py":
        hint = f"Name the function that makes the model: {path}:factory."
        raise PortproofError("E-USAGE", f"{path} is a Python file without a factory", hint=hint)
    if pickles.is_exported_program(path):
        made = source_torch.from_archive(path, allow_pickle, declared, samples=samples, seed=seed)
        return _torch_source(path.stem, made)
    if path.suffix == ".pt2":  # or cut short: what is left may look like a pickle
        raise PortproofError("E-MODEL-FORMAT", f"{path.name} is not an archive of torch.export", where=str(path))
    if path.suffix in _PICKLES or pickles.looks_pickled(path):
        if not allow_pickle:
            raise pickles.refuse(path, "it was written by torch.save, torch.jit.save or pickle")
        return _torch_source(path.stem, source_torch.from_pickle(path, declared, samples=samples, seed=seed))
    loaded = onnx_io.load(path)
    provenance.compact(loaded)
    return Source(name=path.stem, model=pin(loaded, declared), dims=declarations.dims_of(declared))


def _torch_source(name: str, made: "source_torch.TorchExport") -> Source:
    return Source(
        name=name,
        model=made.model,
        reference=made.reference,
        example=made.example,
        dims=made.dims,
        usual=made.usual,
        messages=made.messages,
        log=made.log,
    )

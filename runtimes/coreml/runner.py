"""The Core ML emulator behind the Runner protocol."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.base import BaseRunner
from portproof.runtimes.coreml import require_torch
from portproof.runtimes.coreml.program import Feature, Function, Interface, Package, TensorType, Type
from portproof.runtimes.coreml.record import read_record
from portproof.runtimes.options import RunOptions
from portproof.runtimes.spec import Array, TensorSpec


class CoreMLRunner(BaseRunner):
    """A function of a ``.mlpackage`` or ``.mlmodel``, in arrays only.

    Images are uint8 in the program's layout, [1, channels, height, width]; a classifier's label is its place among the
    classes, int64 [1], its probabilities float64 in the order of the classes. A model that keeps states starts every
    run with zeros in them. There is one set of kernels, whatever `RunOptions.kernels` says.

    Args:
        path: the package.
        options: how to run it.
        observe: called with every step, its arguments and its results.
        simulate: operators of a float32 program that are computed as if they were float16 ones.
    """

    def __init__(self, path: Path, options: RunOptions, *, observe: Any = None, simulate: Any = None) -> None:
        require_torch()
        from portproof.runtimes.coreml.model import Model

        self._model: Model | None = Model(
            path, function=options.signature, precision=options.precision, observe=observe, simulate=simulate
        )
        self._threads = options.threads
        inputs, outputs = ends(self._model.package, self._model.function.name)
        self._own = {spec.name: spec.own_name or spec.name for spec in (*inputs, *outputs)}
        super().__init__(path, inputs, outputs)

    def close(self) -> None:
        """Free the program."""
        self._model = None

    def run_unchecked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run without the checks on what is fed: for callers that made sure, and for timing."""
        from portproof.runtimes.coreml.answers import as_arrays

        if self._model is None:
            raise PortproofError("E-RUN", f"the runner of {self.path.name} is closed", where=str(self.path))
        with _threads(self._threads):
            fed = {self._own.get(name, name): array for name, array in inputs.items()}
            results = self._model.run(fed, self._model.make_state())
        arrays = as_arrays(self._model.interface, results)
        return {spec.name: arrays[self._own[spec.name]] for spec in self.outputs}


def import_runtime() -> None:
    """Load the kernels, for what wants to know their size or cost apart from a model's."""
    require_torch()
    from portproof.runtimes.coreml.registry import load_kernels

    load_kernels()


def ends(package: Package, name: str) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of a function, under the source's names where the package records them."""
    interface, function = package.interfaces[name], package.functions[name]
    record = read_record(package.metadata)
    return (
        tuple(record.inputs.apply(spec) for spec in _inputs(interface, function)),
        tuple(record.outputs.apply(spec) for spec in _outputs(interface, function)),
    )


def function_names(path: Path) -> tuple[str, ...]:
    """The functions of a package, its default one first.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-*``.
    """
    from portproof.runtimes.coreml.parse import read

    package = read(path)
    others = [name for name in package.functions if name != package.default_function]
    return (package.default_function, *others)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Torch's number of threads is the process's: it is put back."""
    import torch

    before = torch.get_num_threads()
    if before == count:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _inputs(interface: Interface, function: Function) -> tuple[TensorSpec, ...]:
    types = {value.name: value.type for value in function.inputs}
    return tuple(_input(feature, types[feature.name]) for feature in interface.inputs)


def _input(feature: Feature, kind: Type) -> TensorSpec:
    if feature.kind == "image":
        return _image(feature, kind)
    shape: tuple[int | None, ...] = feature.shape
    if feature.enumerated:
        columns = zip(feature.shape, *feature.enumerated, strict=True)
        shape = tuple(column[0] if len(set(column)) == 1 else None for column in columns)
    elif feature.ranges:
        shape = tuple(limit.lower if limit.lower == limit.upper else None for limit in feature.ranges)
    return TensorSpec(name=feature.name, shape=shape, dtype=feature.dtype or feature.kind)


def _image(feature: Feature, kind: Type) -> TensorSpec:
    dtype = "float16" if feature.image and feature.image.colorspace == "GRAYSCALE_FLOAT16" else "uint8"
    return TensorSpec(name=feature.name, shape=_shape(kind), dtype=dtype)


def _outputs(interface: Interface, function: Function) -> tuple[TensorSpec, ...]:
    types = {value.name: value.type for value in function.inputs}
    types |= {value.name: value.type for operation in function.block.operations for value in operation.outputs}
    return tuple(_output(feature, types[feature.name], interface) for feature in dict.fromkeys(interface.outputs))


def _output(feature: Feature, kind: Type, interface: Interface) -> TensorSpec:
    if feature.kind == "image":
        return _image(feature, kind)
    if feature.kind == "dictionary":
        return TensorSpec(name=feature.name, shape=(None,), dtype="float64")
    if feature.name == interface.predicted_feature and interface.predicted_probabilities:
        return TensorSpec(name=feature.name, shape=(1,), dtype="int64")
    plain = {"double": "float64"}.get(feature.kind, feature.kind)
    return TensorSpec(name=feature.name, shape=_shape(kind), dtype=feature.dtype or plain)


def _shape(kind: Type) -> tuple[int | None, ...]:
    """Of a program's tensor; a scalar comes as one element."""
    if not isinstance(kind, TensorType) or kind.shape is None:
        return ()
    return kind.shape or (1,)

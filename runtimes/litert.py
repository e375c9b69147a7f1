"""LiteRT (TFLite's runtime) behind the Runner protocol.

`ai_edge_litert` is the maintained package; a board may have only its predecessor `tflite_runtime`, whose
Interpreter has the same API.
"""

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.base import BaseRunner, refused
from portproof.runtimes.feed import near_matches
from portproof.runtimes.options import DEFAULT_SIGNATURE, RunOptions
from portproof.runtimes.spec import Array, TensorSpec
from portproof.runtimes.tflite_format import SignatureTable, damaged, io_perms, signatures

_NAME = "LiteRT"
_PACKAGES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


class LiteRTRunner(BaseRunner):
    """An interpreter on a ``.tflite`` file.

    Names are the signature's where the file has one (the one asked for, else ``serving_default``, else the first),
    else the tensors'.
    Inputs with a dynamic dimension are resized to what is fed.
    """

    def __init__(self, path: Path, options: RunOptions) -> None:
        _check_file(path)
        module = _package()
        try:
            self._interpreter = _interpreter(module, path, options)
            table = signatures(path)
            key = _key(list(table), path, options.signature)
            self._ends = _main_ends(self._interpreter, key, table)
            self._signature = None if self._ends else self._interpreter.get_signature_runner(key)
            inputs, outputs = self._ends or _signature_ends(self._signature, table[key])
            self._allocate()
        except (ValueError, RuntimeError, KeyError) as error:
            raise refused(path, _NAME, error, "load") from error
        perms = io_perms(path, key)
        self._index = {name: int(details["index"]) for name, details in inputs}
        self._out_index = {name: int(details["index"]) for name, details in outputs}
        super().__init__(path, _specs(path, inputs, perms.inputs), _specs(path, outputs, perms.outputs))
        self._shapes = {spec.name: _current(details) for spec, (_, details) in zip(self.inputs, inputs, strict=True)}

    def close(self) -> None:
        """Free the interpreter."""
        self._interpreter = self._signature = None

    def _allocate(self) -> None:
        if self._signature is None:
            self._interpreter.allocate_tensors()

    def run_unchecked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run without the checks on what is fed: for callers that made sure, and for timing."""
        arrays = {name: np.asarray(array, order="C") for name, array in inputs.items()}
        try:
            if self._signature is not None:
                return self._ordered(self._signature(**arrays))
            self._feed(arrays)
            self._interpreter.invoke()
            return {name: self._interpreter.get_tensor(index) for name, index in self._out_index.items()}
        except (ValueError, RuntimeError) as error:
            raise refused(self.path, _NAME, error, "run") from error

    def _feed(self, arrays: Mapping[str, Array]) -> None:
        changed = [name for name, array in arrays.items() if array.shape != self._shapes[name]]
        for name in changed:
            self._interpreter.resize_tensor_input(self._index[name], arrays[name].shape)
            self._shapes[name] = arrays[name].shape
        if changed:
            self._allocate()
        for name, array in arrays.items():
            self._interpreter.set_tensor(self._index[name], array)

    def _ordered(self, values: Mapping[str, Array]) -> dict[str, Array]:
        return {spec.name: values[spec.name] for spec in self.outputs}


End = tuple[str, dict[str, Any]]


def _check_file(path: Path) -> None:
    """Refuse damaged files; without the schema package (an old board) as far as the offsets tell."""
    try:
        from portproof.runtimes.tflite_schema import read
    except ImportError:
        return  # io_perms checks the offsets
    read(path)


def import_runtime() -> None:
    """Load the package, for what wants to know its size or cost apart from a model's."""
    _package()


def _package() -> Any:
    for name in _PACKAGES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise PortproofError(
        "E-INSTALL",
        "no TFLite runtime is installed",
        hint="pip install ai-edge-litert (on an old board: tflite-runtime)",
    )


def _interpreter(module: Any, path: Path, options: RunOptions) -> Any:
    resolver = module.OpResolverType
    return module.Interpreter(
        model_path=str(path),
        num_threads=options.threads,
        # AUTO puts XNNPACK in, as an app gets it.
        experimental_op_resolver_type=resolver.BUILTIN_REF if options.kernels == "reference" else resolver.AUTO,
    )


def _key(keys: Sequence[str], path: Path, wanted: str) -> str:
    """The signature to run; empty when the file has none."""
    if wanted and wanted not in keys:
        near = near_matches(wanted, keys)
        raise PortproofError(
            "E-USAGE",
            f"{path.name} has no signature {wanted!r}",
            where=str(path),
            why=f"it has {', '.join(keys) or 'none'}",
            hint=f"did you mean {near[0]}?" if near else "",
        )
    return wanted or (DEFAULT_SIGNATURE if DEFAULT_SIGNATURE in keys else next(iter(keys), ""))


def _signature_ends(signature: Any, table: SignatureTable) -> tuple[list[End], list[End]]:
    inputs, outputs = signature.get_input_details(), signature.get_output_details()
    return [(name, inputs[name]) for name in table.inputs], [(name, outputs[name]) for name in table.outputs]


def _main_ends(interpreter: Any, key: str, table: Mapping[str, SignatureTable]) -> tuple[list[End], list[End]] | None:
    """Inputs and outputs of the main graph under the signature's names, in the graph's order.

    None when the signature is of another graph: that one must be run through its SignatureRunner, which plans
    the memory anew at every call.
    """
    sides = (interpreter.get_input_details(), interpreter.get_output_details())
    if not key:
        return _by_tensor_name(sides[0]), _by_tensor_name(sides[1])
    if table[key].graph:
        return None
    signature = interpreter.get_signature_runner(key)
    named = [
        _rename(details, ends) for details, ends in zip(sides, _signature_ends(signature, table[key]), strict=True)
    ]
    return (named[0], named[1]) if named[0] is not None and named[1] is not None else None


def _by_tensor_name(details: Sequence[dict[str, Any]]) -> list[End]:
    return [(entry["name"], entry) for entry in details]


def _rename(details: Sequence[dict[str, Any]], ends: Sequence[End]) -> list[End] | None:
    """The signature's `ends` in the order of the graph's tensors; None when they are not those tensors."""
    place = {(entry["index"], entry["name"]): number for number, entry in enumerate(details)}
    keys = [(entry["index"], entry["name"]) for _, entry in ends]
    if set(keys) != set(place):
        return None
    order = sorted(range(len(ends)), key=lambda number: (place[keys[number]], ends[number][0]))
    return [ends[number] for number in order]


def _specs(path: Path, ends: Sequence[End], perms: Mapping[str, tuple[int, ...]]) -> tuple[TensorSpec, ...]:
    specs = []
    for name, details in ends:
        shape = tuple(None if size < 0 else int(size) for size in details["shape_signature"])
        perm = perms.get(name)
        if perm is not None and len(perm) != len(shape):
            damaged(path, f"the layout recorded for {name!r} has {len(perm)} axes, the tensor {len(shape)}")
        kind = np.dtype(details["dtype"])
        specs.append(
            TensorSpec(name=name, shape=shape, dtype=kind.name, perm=perm, quantization=_quantization(details, kind))
        )
    return tuple(specs)


def _quantization(details: Mapping[str, Any], kind: np.dtype[Any]) -> tuple[float, int] | None:
    """Scale and zero point of a tensor of integers; a scale of 0 says that it has none."""
    scale, zero_point = details.get("quantization") or (0.0, 0)
    return (float(scale), int(zero_point)) if scale and kind.kind in "iu" else None


def _current(details: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(size) for size in details["shape"])

"""The torch half of the MODEL grammar: factories, ``.pt2`` archives, and pickles the user has asked for."""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import factory, pickles
from portproof.exporter.inputs import DeclaredInput, unknown_name
from portproof.exporter.naming import declared_by_function
from portproof.exporter.noise import captured
from portproof.exporter.random_inputs import Arrays, like
from portproof.exporter.torch_onnx.dynamic import given_sizes, trace_sizes
from portproof.exporter.torch_onnx.example import Example, bind
from portproof.exporter.torch_onnx.export import TorchExport, export_module
from portproof.runtimes.options import DEFAULT_SIGNATURE

__all__ = ["TorchExport", "from_archive", "from_factory", "from_pickle"]


def from_factory(
    place: str, name: str, declared: Sequence[DeclaredInput], *, samples: Sequence[Arrays], seed: int
) -> dict[str, TorchExport]:
    """Call a factory and export what it made: one function, or several by name."""
    _require_torch()
    _seed(seed)
    with captured() as log:  # what the user's own code prints is no result of Portproof's
        module, given = factory.call(place, name)
    functions = module_functions(module, given, f"{place}:{name}")
    each = declared_by_function(declared, list(functions)) if len(functions) > 1 else dict.fromkeys(functions, declared)
    exports = {}
    for key, (part, example) in functions.items():
        label = f"{place}:{name}" if len(functions) == 1 else f"{place}:{name}, {key}"
        made = _export(part, example, each[key], label, samples, seed)
        exports[key] = replace(made, log=log.getvalue() + made.log)
    return exports


def module_functions(made: Any, given: Any, label: str) -> dict[str, tuple[Any, Any]]:
    """What a factory made as (module, example inputs) by name; ``serving_default`` for a lone module.

    Raises:
        PortproofError: ``E-MODEL-FACTORY`` for a name that no app could call a signature by.
    """
    import torch

    parts = {key: part if isinstance(part, tuple) else (part, None) for key, part in _items(made)}
    if (
        given is not None
        or not parts
        or not all(len(p) == 2 and isinstance(p[0], torch.nn.Module) for p in parts.values())
    ):
        return {DEFAULT_SIGNATURE: (made, given)}
    wrong = [key for key in parts if not isinstance(key, str) or not key.isidentifier()]
    if wrong:
        what = f"{label} offers functions that cannot be named so: {', '.join(map(repr, wrong))}"
        raise PortproofError("E-MODEL-FACTORY", what, hint="Name them as functions are named: letters, digits and _.")
    return parts


def _items(made: Any) -> list[tuple[Any, Any]]:
    return list(made.items()) if isinstance(made, Mapping) else []


def from_archive(
    path: Path, allow_pickle: bool, declared: Sequence[DeclaredInput] = (), *, samples: Sequence[Arrays], seed: int
) -> TorchExport:
    """Load a ``.pt2`` and convert it; its example inputs come with it, and so do the sizes it keeps dynamic."""
    _require_torch()
    if not allow_pickle:
        pickles.check_archive(path)
    program = _load_archive(path, allow_pickle)
    if program.example_inputs is None:
        what = f"{path.name} was saved without example inputs"
        raise PortproofError("E-MODEL-FORMAT", what, where=str(path), hint="Save it with torch.export.save.")
    args, kwargs = program.example_inputs
    example = Example(args=tuple(args), kwargs=dict(kwargs))
    return export_module(program, example, declared=declared, samples=samples, seed=seed)


def from_pickle(path: Path, declared: Sequence[DeclaredInput], *, samples: Sequence[Arrays], seed: int) -> TorchExport:
    """Unpickle a whole module: the user has said that the file's author is trusted."""
    _require_torch()
    import torch

    try:
        module = torch.load(path, map_location="cpu", weights_only=False)
    except Exception as error:  # unpickling runs any code
        raise PortproofError(
            "E-MODEL-FORMAT", f"{path.name} cannot be unpickled", where=str(path), why=str(error).split("\n")[0]
        ) from error
    return _export(module, None, declared, path.name, samples, seed)


def _seed(seed: int) -> None:
    """Make what a factory draws (example inputs, untrained weights) the same in every run."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def _export(
    module: Any, given: Any, declared: Sequence[DeclaredInput], label: str, samples: Sequence[Arrays], seed: int
) -> TorchExport:
    import torch

    if not isinstance(module, torch.nn.Module):
        kind = type(module).__name__
        hint = "Return a torch.nn.Module, or (module, example_inputs)."
        if isinstance(module, dict):
            parts = [part[0] if isinstance(part, tuple) and part else part for part in module.values()]
            hint = "This looks like weights without their network: build it in a factory and load_state_dict them."
            if any(isinstance(part, torch.nn.Module) for part in parts):
                hint = "Of a mapping every value is a module, or (module, example_inputs)."
        raise PortproofError("E-MODEL-FACTORY", f"{label} gave a {kind}, not a torch.nn.Module", hint=hint)
    if given is None and not declared:
        raise PortproofError(
            "E-MODEL-SHAPE",
            f"{label} gave no example inputs, and none are declared",
            hint="Return (module, example_inputs), or declare each: --input NAME=1x3x224x224:float32.",
        )
    if not declared:
        return export_module(module, bind(module, given), samples=samples, seed=seed)
    usual = {} if given is None else given_sizes(declared, _shapes(bind_by_name(module, given)))
    given = _declared_inputs(module, declared, given, seed)
    made = export_module(module, bind(module, given), declared=declared, samples=samples, seed=seed)
    return replace(made, usual={dim.name: usual[dim.name] for dim in made.dims if dim.admits(usual.get(dim.name, 0))})


def _declared_inputs(module: Any, declared: Sequence[DeclaredInput], given: Any, seed: int) -> dict[str, Any]:
    """Tensors for the declared inputs, beside the example inputs that are not declared."""
    import inspect

    import torch

    names = list(inspect.signature(module.forward).parameters)
    made = {} if given is None else dict(bind_by_name(module, given))
    sizes = trace_sizes(declared, _shapes(made))
    for d in declared:
        if d.name not in names:
            raise unknown_name(d.name, names)
        before = made.get(d.name)
        dtype = d.dtype or (str(before.dtype).removeprefix("torch.") if before is not None else "float32")
        shape = [sizes[size] if isinstance(size, str) else size for size in d.shape]
        # Whole numbers are 0 and 1 where nothing says more: an index that any model knows.
        model = np.zeros(shape, np.int64 if "int" in dtype else np.float32)
        if not d.is_static and before is not None:  # values like the example's: an index stays one the model knows
            model = np.resize(before.detach().cpu().numpy(), shape)
        made[d.name] = torch.from_numpy(like({d.name: model}, seed)[d.name]).to(getattr(torch, dtype))
    return made


def _shapes(arguments: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Of the arguments that are tensors."""
    import torch

    return {name: tuple(value.shape) for name, value in arguments.items() if isinstance(value, torch.Tensor)}


def bind_by_name(module: Any, given: Any) -> dict[str, Any]:
    """Example inputs by the names of forward's parameters."""
    import inspect

    example = bind(module, given)
    return dict(inspect.signature(module.forward).bind(*example.args, **example.kwargs).arguments)


def _load_archive(path: Path, allow_pickle: bool) -> Any:
    import torch

    with captured() as log, _weights_only(not allow_pickle):
        try:
            program = torch.export.load(path)
        except Exception as error:  # torch raises many types on a damaged archive
            if "weights_only" in f"{error}{log.getvalue()}" or "Unpickling" in type(error).__name__:
                raise pickles.refuse(path, "its example inputs hold more than tensors") from error
            reason = str(error).strip().split("\n")[0]
            raise PortproofError(
                "E-MODEL-FORMAT", f"{path.name} cannot be read", where=str(path), why=reason
            ) from error
    # Python text that torch would compile and run to check the inputs' shapes.
    program._guards_code = []
    return program


@contextmanager
def _weights_only(on: bool) -> Iterator[None]:
    """torch.load reads tensors and plain containers only, whatever its caller asks for."""
    key = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
    before = os.environ.get(key)
    if on:
        os.environ[key] = "1"
    try:
        yield
    finally:
        if on and before is None:
            os.environ.pop(key, None)
        elif before is not None:
            os.environ[key] = before


def _require_torch() -> None:
    try:
        import onnxscript  # noqa: F401
        import torch  # noqa: F401
    except ImportError as error:
        raise factory.need_torch() from error

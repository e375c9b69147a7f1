"""Finds and calls the user's factory: ``file.py:factory`` or ``package.module:factory``."""

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.near import did_you_mean, near_names
from portproof.exporter.onnx_io import require_file
from portproof.exporter.torch_onnx.failure import failing_line


def call(place: str, name: str) -> tuple[Any, Any]:
    """Call a factory; returns (what it made, its example inputs or None).

    Args:
        place: a path that ends in ``.py``, or a dotted module name; the working directory is searched first.
        name: the factory's name, dots allowed (``Net.small``); it is called without arguments.

    Raises:
        PortproofError: E-FILE-MISSING; E-MODEL-FACTORY when importing or calling it raises, naming the user's line.
    """
    module = _import(place)
    factory = _find(module, name, place)
    try:
        made = factory()
    except Exception as error:
        raise _raised(f"{place}:{name} raised {type(error).__name__}", error) from error
    if isinstance(made, tuple):
        if len(made) != 2:
            what = f"{place}:{name} returned a tuple of {len(made)}"
            raise PortproofError("E-MODEL-FACTORY", what, hint="Return a module, or (module, example_inputs).")
        return made
    return made, None


def _import(place: str) -> ModuleType:
    # So that the user's own modules can be imported, as when running `python -m` here or `python file.py`.
    folder = str(Path(place).resolve().parent) if place.endswith(".py") else os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return _from_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except PortproofError:
        raise
    except ModuleNotFoundError as error:
        raise _not_found(place, error) from error
    except Exception as error:
        raise _raised(f"importing {place} raised {type(error).__name__}", error) from error


def _from_file(path: Path) -> ModuleType:
    require_file(path)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise PortproofError("E-MODEL-FACTORY", f"{path} cannot be imported", where=str(path))
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up; a module of that name that is loaded already stays.
    sys.modules.setdefault(path.stem, module)
    spec.loader.exec_module(module)
    return module


def _find(module: ModuleType, name: str, place: str) -> Callable[[], Any]:
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(near_names(name, [n for n in dir(module) if callable(getattr(module, n))]))
            raise PortproofError("E-MODEL-FACTORY", f"{place} has no '{name}'", where=place, hint=hint)
        found = getattr(found, part)
    if not callable(found):
        raise PortproofError(
            "E-MODEL-FACTORY", f"{place}:{name} is a {type(found).__name__}, not a function", where=place
        )
    factory: Callable[[], Any] = found
    return factory


def _not_found(place: str, error: ModuleNotFoundError) -> PortproofError:
    if error.name == "torch":
        return need_torch()
    if error.name is not None and place.startswith(error.name):
        hint = "Give file.py:factory, or run from the folder that holds the package."
        return PortproofError("E-FILE-MISSING", f"there is no module {place}", why=str(error), hint=hint)
    return _raised(f"{place} needs a module that is not installed", error)


def need_torch() -> PortproofError:
    """E-INSTALL for torch."""
    return PortproofError("E-INSTALL", "torch is not installed", hint="Install it with: pip install 'portproof[torch]'")


def _raised(what: str, error: BaseException) -> PortproofError:
    text = str(error).strip().splitlines() or [""]
    return PortproofError(
        "E-MODEL-FACTORY", what, where=failing_line(error), why=f"{type(error).__name__}: {text[0]}".rstrip(": ")
    )

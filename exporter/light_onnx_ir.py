"""Imports onnx_ir without sympy, which it loads for arithmetic on symbolic sizes that nothing here does.

sympy is half a second of CPU and 35 MB, a third of what converting a small network costs. While onnx_ir is imported a
stand-in takes sympy's place; whatever is asked of it later it passes on to the real one, which it loads then.
"""

import contextlib
import functools
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

_PACKAGE, _HEAVY = "onnx_ir", "sympy"
# What onnx_ir puts into a table of functions while it is imported; it calls them when it parses an expression.
_FUNCTIONS = frozenset({"Max", "Min", "Mod", "floor", "sqrt"})


def install() -> None:
    """Let the first import of onnx_ir, whoever makes it, leave sympy out; without effect where either is loaded."""
    if _PACKAGE not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    # Not derived from MetaPathFinder: importlib.abc alone loads what children start faster without.

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _PACKAGE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or not spec.origin or not isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            return spec
        return importlib.util.spec_from_file_location(
            name,
            spec.origin,
            loader=_Loader(name, spec.origin),
            submodule_search_locations=spec.submodule_search_locations,
        )


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        with _stand_in():
            super().exec_module(module)


@contextlib.contextmanager
def _stand_in() -> Iterator[None]:
    if _HEAVY in sys.modules:
        yield
        return
    sys.modules[_HEAVY] = module = _StandIn(_HEAVY)
    try:
        yield
    finally:
        if sys.modules.get(_HEAVY) is module:
            del sys.modules[_HEAVY]


class _StandIn(ModuleType):
    """A module that loads the real one when it is asked for anything but the functions of onnx_ir's table."""

    def __getattr__(self, name: str) -> Any:
        if name in _FUNCTIONS:
            return functools.partial(_call, name)
        if name.startswith("__"):  # the import system's own questions
            raise AttributeError(name)
        return getattr(_real(), name)


def _call(name: str, *args: Any) -> Any:
    return getattr(_real(), name)(*args)


def _real() -> ModuleType:
    if isinstance(sys.modules.get(_HEAVY), _StandIn):
        del sys.modules[_HEAVY]
    return importlib.import_module(_HEAVY)

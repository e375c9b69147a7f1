"""Simplification: onnxsim in a child process, then Portproof's own passes, then a numerical proof.

`simplify` comes from its module on first use: the child process, whose code is in here too, needs none of it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portproof.exporter.simplify.report import SimplifyReport
    from portproof.exporter.simplify.run import simplify

__all__ = ["SimplifyReport", "simplify"]
_MODULES = {"SimplifyReport": "report", "simplify": "run"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)

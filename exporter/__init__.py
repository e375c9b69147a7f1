"""The pipeline and everything that writes a format: torch to ONNX, simplification, TFLite, reports.

`export` and `verify` come from their modules on first use, so that importing this package loads nothing heavy.
"""

from typing import TYPE_CHECKING, Any

from portproof.exporter import light_onnx_ir

if TYPE_CHECKING:
    from portproof.exporter.pipeline import ExportResult, export
    from portproof.exporter.verification import VerifyResult, verify

__all__ = ["ExportResult", "VerifyResult", "export", "verify"]
_MODULES = {"export": "pipeline", "ExportResult": "pipeline", "verify": "verification", "VerifyResult": "verification"}

light_onnx_ir.install()


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)

"""Turns an ONNX model and calibration data into a quantized (QDQ) ONNX model; no target format is known here.

`quantize` comes from its module on first use, so that importing this package loads nothing heavy.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portproof.calibration.options import Options
    from portproof.calibration.pipeline import Quantized, quantize

__all__ = ["Options", "Quantized", "quantize"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from portproof.calibration import pipeline

    return getattr(pipeline, name)

"""Simplification: onnxsim in a child process, then Portproof's own passes, then a numerical proof."""

from portproof.exporter.simplify.report import SimplifyReport
from portproof.exporter.simplify.run import simplify

__all__ = ["SimplifyReport", "simplify"]

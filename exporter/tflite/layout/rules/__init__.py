"""One file per kind of operator; importing the package registers the rules."""

from portproof.exporter.tflite.layout.rules import axis, elementwise, matrix, per_axis, reduce, reshape

__all__ = ["axis", "elementwise", "matrix", "per_axis", "reduce", "reshape"]

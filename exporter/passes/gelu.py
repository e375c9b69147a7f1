"""GELU, which exporters below opset 20 spell out, becomes one node again: calibration needs it too."""

from portproof.calibration.graph.gelu import RecogniseGelu

__all__ = ["RecogniseGelu"]

"""A scale and a shift per output channel, absorbed by weights and bias: calibration needs it too."""

from portproof.calibration.graph.affine import (
    OPS,
    absorb,
    channels,
    linear_producer,
)

__all__ = [
    "OPS",
    "absorb",
    "channels",
    "linear_producer",
]

"""BatchNorm folded, or written as Mul and Add: calibration needs it too."""

from portproof.calibration.graph.batchnorm import (
    FoldBatchNorm,
    LowerBatchNorm,
    scale_and_shift,
)

__all__ = [
    "FoldBatchNorm",
    "LowerBatchNorm",
    "scale_and_shift",
]

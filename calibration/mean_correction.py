"""The step that takes back, through its bias, what rounding shifts a layer's output by on average."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from portproof.calibration.steps import Context, Proposal


class MeanCorrection:
    """Adds the mean error of each channel to the bias: see `mean_errors` for what it is measured against.

    Attributes:
        name: as the report shows it.
    """

    name = "bias correction"

    def propose(self, context: Context) -> Iterator[Proposal]:
        """One proposal for each quantized layer that has a bias."""
        plan = context.plan
        chosen = [name for name in plan.weights if plan.weights[name].bias is not None]
        for name, shift in (context.mean_errors(chosen) if chosen else {}).items():
            old = plan.weights[name]
            if old.bias is not None:
                yield Proposal(layer=name, weights=replace(old, bias=(old.bias + shift).astype(np.float32)))

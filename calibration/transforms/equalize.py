"""Cross-layer equalisation: channels of small values are scaled up to use as many integers as the largest one's.

An activation has one scale for all channels, so a channel whose values stay small is rounded coarsely. Weights have a
scale for each channel and do not mind being scaled. (Nagel et al., arXiv:1906.04721, equalise weights that have one
scale for all; here it is the ranges of activations, as observed, that are made equal.)
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration.steps import Context
from portproof.calibration.transforms import channels
from portproof.calibration.transforms.channels import ChannelGroup

if TYPE_CHECKING:
    import onnx_ir as ir

Floats = NDArray[np.float64]

# How equal ranges are made: between dense layers half of it is left to the weights, which a factor makes uneven too.
# The one filter of a depthwise layer's channel has a scale of its own.
DENSE, DEPTHWISE = 0.5, 0.75
# Room below a Clip's upper end for values larger than those observed.
MARGIN = 1.5
LARGEST = 16.0


class CrossLayerEqualisation:
    """Scales channels between convolutions, each group of tied values on its own.

    A Clip's upper end does not scale with its channels: a channel is scaled so far at most that one and a half times
    its largest value observed still meets no end. Within that the function is the same; without Clips it always is.

    Attributes:
        name: as the report shows it.
        dense: how equal ranges become that dense layers read: 1 makes them all equal, 0 leaves them.
        depthwise: the same where depthwise layers alone read them.
        largest: factor of a channel.
    """

    name = "cross-layer equalisation"
    adds_float = False

    def __init__(self, dense: float = DENSE, depthwise: float = DEPTHWISE, largest: float = LARGEST) -> None:
        self.dense, self.depthwise, self.largest = dense, depthwise, largest

    def groups(self, model: "ir.Model") -> tuple[str, ...]:
        """The names of the groups of tied values: each is that of the first value."""
        return tuple(group.name for group in channels.find(model))

    def apply(self, model: "ir.Model", groups: Collection[str], context: Context) -> None:
        """Scale the channels of these groups; the ranges are those of the float model on the calibration samples."""
        chosen = [group for group in channels.find(model) if group.name in groups]
        peaks = channel_peaks(chosen, context)
        for group, own in zip(chosen, peaks, strict=True):
            channels.rescale(group, self._factors(group, own))

    def _factors(self, group: ChannelGroup, peaks: dict[str, Floats]) -> Floats:
        """At least 1, [channels]."""
        largest = np.max([peaks[name] for name in group.stored], axis=0)
        strength = self.depthwise if group.is_depthwise else self.dense
        factors = np.clip((largest.max() / np.maximum(largest, 1e-12)) ** strength, 1.0, self.largest)
        # A channel that was never seen to be anything but zero tells nothing.
        factors = np.where(largest > 0, factors, 1.0)
        for name, limit in group.limits.items():
            factors = np.minimum(factors, np.maximum(1.0, limit / np.maximum(MARGIN * peaks[name], 1e-12)))
        return np.asarray(factors, np.float64)


def channel_peaks(groups: Sequence[ChannelGroup], context: Context) -> list[dict[str, Floats]]:
    """The largest absolute value of each channel, by name of value, for each group."""
    names = list(dict.fromkeys(name for group in groups for name in (*group.stored, *group.limits)))
    peaks: dict[str, Floats] = {}
    for sample in context.float_values(names):
        for name, value in sample.values.items():
            largest = np.abs(value).max(axis=(0, *range(2, value.ndim))).astype(np.float64)
            peaks[name] = np.maximum(peaks[name], largest) if name in peaks else largest
    return [{name: peaks[name] for name in (*group.stored, *group.limits)} for group in groups]

"""A quantized form for placement alone: the same pairs as calibration sets, on ranges that nobody measured."""

from typing import TYPE_CHECKING

from portproof.calibration.build import Choice, build
from portproof.calibration.observe import histogram
from portproof.calibration.place.limits import beyond
from portproof.calibration.place.placement import place
from portproof.calibration.prepare import prepare
from portproof.calibration.write import write
from portproof.device_profiles import integer_kernels
from portproof.exporter.noise import captured

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.observe.histogram import Histogram

CAUTION = "ranges are made up, all alike: they decide no placement but where scales must be equal, or joins differ"
_LOW, _HIGH = -6.0, 6.0


def quantized(model: "ir.Model", unit: str) -> "ir.Model":
    """A QDQ model as calibration places it for a unit; the numbers that it computes mean nothing.

    Args:
        model: simplified, float.
        unit: of `integer_kernels`.

    Raises:
        PortproofError: ``E-CALIB-QUANTIZED``, ``E-MODEL-UNSUPPORTED``: it cannot be quantized.
    """
    import numpy as np

    rules = integer_kernels.load(unit)
    with captured():
        prepared = prepare(model)
    ranges = histogram.of(np.array([_LOW, 0.0, _HIGH], np.float32))
    apart: dict[str, str] = {}
    while True:
        placement = place(prepared, rules, apart=apart)
        watched: dict[str, Histogram] = dict.fromkeys(placement.sources, ranges)
        plan = build(
            prepared, placement, rules, watched, Choice(estimator="minmax", symmetric=rules.symmetric_activations)
        )
        found = {name: why for name, why in beyond(placement, plan, rules).items() if name not in apart}
        if not found:
            return write(prepared, plan)
        apart = {**apart, **found}

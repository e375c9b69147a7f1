"""How much a region computes: what its time goes by, on any unit."""

from typing import TYPE_CHECKING

from portproof.calibration.place.regions import Region
from portproof.calibration.place.sites import elements

if TYPE_CHECKING:
    import onnx_ir as ir


def weights_of(region: Region) -> "ir.Value | None":
    """The constant weights of a layer; None where a region is none."""
    return region.head.inputs[1] if region.layer is not None else None


def products(region: Region) -> int:
    """Multiplications of one run of a layer; the elements of anything else."""
    size, value = elements(region.result), weights_of(region)
    if region.layer is None or value is None:
        return size
    shape = [length if isinstance(length, int) else 1 for length in value.shape or [1]]
    weights = elements(value)
    if region.head.op_type == "ConvTranspose" and region.head.inputs[0] is not None:
        return elements(region.head.inputs[0]) * (weights // max(1, shape[0]))
    return size * (weights // max(1, shape[region.layer.axis]))

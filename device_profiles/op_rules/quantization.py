"""Rules on what integers stand for: which tensors are quantized, with how many scales, and whether these are equal."""

from collections.abc import Iterator, Sequence

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.device_profiles.op_rules.registry import Refused, op_rule

_PLAIN = frozenset({"bool", "int32"})
"""Types that are taken as the numbers they are."""
_QUANTIZE = "quantize it: --int8, or calibrate with a recipe that leaves it no float"


@op_rule
def quantized(op: OpFacts, *, constants: Sequence[int] = ()) -> Refused | None:
    """What is computed has scales, and so have some constants.

    Args:
        op: the operator.
        constants: inputs that need scales also where they are constant: weights.
    """
    for place, tensor in _placed(op):
        asked = not tensor.constant or place in {f"input {index}" for index in constants}
        if asked and not tensor.scales and tensor.dtype not in _PLAIN:
            return Refused(why=f"{place} ({tensor.dtype}) is not quantized", hint=_QUANTIZE)
    return None


@op_rule
def one_scale(op: OpFacts) -> Refused | None:
    """No tensor has a scale for each channel."""
    for place, tensor in _placed(op):
        if len(tensor.scales) > 1:
            return Refused(
                why=f"{place} has a scale for each channel, it takes one a tensor",
                hint="quantize these weights with one scale: give calibration this device with -d",
            )
    return None


@op_rule
def zero_points(op: OpFacts, *, types: Sequence[str]) -> Refused | None:
    """Tensors of some types have zero points of 0."""
    for place, tensor in _placed(op):
        if tensor.dtype in types and any(tensor.zero_points):
            return Refused(why=f"{place} ({tensor.dtype}) has a zero point other than 0")
    return None


@op_rule
def same_quantization(op: OpFacts) -> Refused | None:
    """Inputs and output have the same scale and zero point."""
    for place, tensor in _placed(op):
        if tensor.scales and tensor.quantization != op.outputs[0].quantization:
            return Refused(
                why=f"{place} has another scale than the result",
                hint="let them share one scale: give calibration this device with -d",
            )
    return None


@op_rule
def same_types(op: OpFacts) -> Refused | None:
    """What goes in and what comes out has one type."""
    first = op.input(0)
    if first is not None and op.outputs and first.dtype != op.outputs[0].dtype:
        return Refused(why=f"it makes {op.outputs[0].dtype} of {first.dtype}, it takes one type for both")
    return None


def _placed(op: OpFacts) -> Iterator[tuple[str, TensorFacts]]:
    """Inputs and outputs by their place."""
    yield from ((f"input {index}", tensor) for index, tensor in enumerate(op.inputs) if tensor is not None)
    yield from ((f"output {index}", tensor) for index, tensor in enumerate(op.outputs))

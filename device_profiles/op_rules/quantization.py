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
    held = [op.input(index) for index in constants]
    for tensor in (*op.computed, *(each for each in held if each is not None), *op.outputs):
        if not tensor.scales and tensor.dtype not in _PLAIN:
            return Refused(why=f"{tensor.name} ({tensor.dtype}) is not quantized", hint=_QUANTIZE)
    return None


@op_rule
def one_scale(op: OpFacts) -> Refused | None:
    """No tensor has a scale for each channel."""
    for tensor in _all(op):
        if len(tensor.scales) > 1:
            return Refused(
                why=f"{tensor.name} has a scale for each of {len(tensor.scales)} channels, it takes one a tensor",
                hint="quantize these weights with one scale: give calibration this device with -d",
            )
    return None


@op_rule
def zero_points(op: OpFacts, *, types: Sequence[str]) -> Refused | None:
    """Tensors of some types have zero points of 0."""
    for tensor in _all(op):
        if tensor.dtype in types and any(tensor.zero_points):
            return Refused(why=f"{tensor.name} ({tensor.dtype}) has a zero point other than 0")
    return None


@op_rule
def same_quantization(op: OpFacts) -> Refused | None:
    """Inputs and output have the same scale and zero point."""
    read = [tensor for tensor in op.inputs if tensor is not None and tensor.scales]
    for tensor in read:
        if op.outputs and tensor.quantization != op.outputs[0].quantization:
            return Refused(
                why=f"{tensor.name} has another scale than the result",
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


def _all(op: OpFacts) -> Iterator[TensorFacts]:
    yield from (tensor for tensor in op.inputs if tensor is not None)
    yield from op.outputs

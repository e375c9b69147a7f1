"""Facts for the tests of rules."""

from collections.abc import Sequence
from typing import Any

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.device_profiles.op_rules.registry import apply

IMAGE = (1, 16, 16, 8)


def tensor(
    *shape: int | None, dtype: str = "int8", scale: float = 0.1, zero_point: int = 3, **more: Any
) -> TensorFacts:
    """A quantized tensor that is computed when running."""
    given = {"scales": (scale,), "zero_points": (zero_point,)} if scale else {}
    return TensorFacts(**{"name": "t", "shape": shape, "dtype": dtype, **given, **more})


def constant(*values: float, shape: tuple[int, ...] | None = None, dtype: str = "int32") -> TensorFacts:
    """A small constant, not quantized."""
    return TensorFacts(name="c", shape=shape or (len(values),), dtype=dtype, constant=True, values=values)


def weights(*shape: int, dtype: str = "int8", scales: int = 1) -> TensorFacts:
    """Quantized weights."""
    return TensorFacts(
        name="w", shape=shape, dtype=dtype, constant=True, scales=(0.1,) * scales, zero_points=(0,) * scales
    )


def op(
    name: str = "CONV_2D",
    inputs: Sequence[TensorFacts | None] = (),
    outputs: Sequence[TensorFacts] = (),
    **attributes: Any,
) -> OpFacts:
    """An operator of TFLite; of one quantized image to another where nothing else is said."""
    return OpFacts(
        dialect="tflite",
        op=name,
        inputs=tuple(inputs) or (tensor(*IMAGE),),
        outputs=tuple(outputs) or (tensor(*IMAGE),),
        attributes=attributes,
    )


def why(rule: str, facts: OpFacts, **arguments: Any) -> str:
    """What a rule objects; empty where nothing."""
    refused = apply(rule, facts, arguments)
    return "" if refused is None else refused.why

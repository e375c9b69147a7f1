"""Which operators of TFLite have integer kernels, how they relate scales, and which of them XNNPACK takes.

The rules are those of LiteRT's quantization specification and of the kernels' `Prepare`; what XNNPACK takes is what its
delegate takes in ai-edge-litert 2.3 (the tests measure it). A float operator between DEQUANTIZE and QUANTIZE
stays in XNNPACK's partition; an integer operator that only the built-in kernels have splits it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

DEFAULT_UNIT = "litert-xnnpack"
"""Of `device_profiles.integer_kernels`, which is not imported as long as nobody asks for another."""
WITHOUT_XNNPACK = frozenset({"edge-tpu", "ethos-u", "litert-reference", "qnn-htp"})
"""Units that run TFLite files by other kernels."""
Relation = Literal["free", "same", "fixed"]
"""Of the scale of the output to those of the inputs: any, the same, or prescribed by the kernel."""


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """The integer form of one operator.

    Attributes:
        types: of its activations.
        relation: of the output's scale to the inputs'.
        data: which inputs are activations; None for all.
        xnnpack: the types that XNNPACK takes.
    """

    types: frozenset[str]
    relation: Relation = "free"
    data: tuple[int, ...] | None = (0,)
    xnnpack: bool = False


_BOTH = frozenset({"int8", "int16"})
_INT8 = frozenset({"int8"})


def _kernels(
    names: str,
    types: frozenset[str],
    relation: Relation,
    *,
    data: tuple[int, ...] | None = (0,),
    xnnpack: bool = False,
) -> dict[str, Kernel]:
    return {name: Kernel(types=types, relation=relation, data=data, xnnpack=xnnpack) for name in names.split()}


MOVES: dict[str, Kernel] = {
    **_kernels("DEPTH_TO_SPACE SPACE_TO_DEPTH", _INT8, "same", xnnpack=True),
    **_kernels("RESHAPE TRANSPOSE SLICE PAD MAX_POOL_2D", _BOTH, "same", xnnpack=True),
    **_kernels("REDUCE_MAX REDUCE_MIN", _BOTH, "same", xnnpack=True),
    **_kernels("STRIDED_SLICE GATHER TILE UNPACK MIRROR_PAD PADV2", _BOTH, "same"),
    **_kernels("BROADCAST_TO RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SPLIT_V", _INT8, "same"),
    **_kernels("SPLIT", _BOTH, "same", data=(1,), xnnpack=True),
    **_kernels("CONCATENATION", _BOTH, "same", data=None, xnnpack=True),
    **_kernels("PACK", _BOTH, "same", data=None),
    **_kernels("MAXIMUM MINIMUM", _BOTH, "same", data=None),
}
"""Operators whose output holds numbers of their inputs and zeros: DEQUANTIZE may as well be behind as in front."""

COMPUTING: dict[str, Kernel] = {
    **_kernels("CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED", _BOTH, "free", xnnpack=True),
    **_kernels("TRANSPOSE_CONV", _BOTH, "free", data=(2,), xnnpack=True),
    **_kernels("ADD SUB MUL", _BOTH, "free", data=None, xnnpack=True),
    **_kernels("BATCH_MATMUL", _BOTH, "free", data=None),
    **_kernels("MEAN SUM", _BOTH, "free", xnnpack=True),
    **_kernels("RESIZE_BILINEAR", _BOTH, "same", xnnpack=True),
    **_kernels("MAX_POOL_2D", _BOTH, "same", xnnpack=True),
    **_kernels("AVERAGE_POOL_2D", _BOTH, "same"),
    **_kernels("LEAKY_RELU", _BOTH, "free", xnnpack=True),
    **_kernels("ELU", _INT8, "free", xnnpack=True),
    **_kernels("RELU RELU6", _BOTH, "free", xnnpack=True),
    **_kernels("RELU_N1_TO_1", _INT8, "free", xnnpack=True),
    **_kernels("PRELU", _INT8, "free", data=None),
    **_kernels("ABS", _BOTH, "free"),
    **_kernels("EXP GELU HARD_SWISH LOG RSQRT SQRT", _INT8, "free"),
    **_kernels("DIV SQUARED_DIFFERENCE", _INT8, "free", data=None),
    **_kernels("LOGISTIC TANH", _BOTH, "fixed", xnnpack=True),
    **_kernels("SOFTMAX", _BOTH, "fixed"),
    **_kernels("LOG_SOFTMAX", _INT8, "fixed"),
}
"""Operators with kernels that compute between quantized tensors."""

FIXED: dict[tuple[str, str], tuple[float, int]] = {
    ("SOFTMAX", "int8"): (1 / 256, -128),
    ("LOGISTIC", "int8"): (1 / 256, -128),
    ("TANH", "int8"): (1 / 128, 0),
    ("LOG_SOFTMAX", "int8"): (16 / 256, 127),
    ("SOFTMAX", "int16"): (1 / 32768, 0),
    ("LOGISTIC", "int16"): (1 / 32768, 0),
    ("TANH", "int16"): (1 / 32768, 0),
}
"""Scale and zero point that kernels prescribe for their output."""

_FLOAT = """ABS ADD AVERAGE_POOL_2D BATCH_MATMUL CEIL CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DIV ELU EXP
    FLOOR FULLY_CONNECTED GELU HARD_SWISH LEAKY_RELU LOG LOGISTIC MAXIMUM MAX_POOL_2D MEAN MINIMUM MUL NEG PAD PRELU
    REDUCE_MAX REDUCE_MIN RELU RELU6 RELU_N1_TO_1 RESHAPE RESIZE_BILINEAR ROUND RSQRT SLICE SOFTMAX SPACE_TO_DEPTH SPLIT
    SQRT SQUARE SQUARED_DIFFERENCE SUB SUM TANH TRANSPOSE TRANSPOSE_CONV"""
FLOAT_IN_XNNPACK = frozenset(_FLOAT.split())
"""What XNNPACK takes in float32."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a file is lowered for.

    Attributes:
        everywhere: all integer kernels of TFLite are chosen, not only what pays beside XNNPACK.
        decided: operators that were lowered so because of it; for other units they might be lowered otherwise.
    """

    everywhere: bool = False
    decided: set[str] = field(default_factory=set)


_target: ContextVar[Target | None] = ContextVar("target", default=None)


@contextmanager
def for_unit(unit: str) -> Iterator[Target]:
    """What is lowered inside is to run on `unit`, a name of `device_profiles.integer_kernels`.

    Units that take TFLite files without XNNPACK get every integer kernel: a compiler for an NPU wants no islands. Those
    that run other formats say nothing of this one.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``.
    """
    if unit != DEFAULT_UNIT:
        from portproof.device_profiles.integer_kernels import load

        load(unit)
    target = Target(everywhere=unit in WITHOUT_XNNPACK)
    token = _target.set(target)
    try:
        yield target
    finally:
        _target.reset(token)


def pays(op: str, kernel: Kernel, dtype: str) -> bool:
    """Whether the integer form of `op` is the one to choose.

    Beside XNNPACK it is the faster one where XNNPACK takes it, or does not take the float form either; it takes nothing
    of 16 bits, not even QUANTIZE.
    """
    if dtype != "int8" or kernel.xnnpack or op not in FLOAT_IN_XNNPACK:
        return True
    target = _target.get()
    if target is None:
        return False
    target.decided.add(op)
    return target.everywhere

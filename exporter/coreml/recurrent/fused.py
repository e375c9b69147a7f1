"""MIL's recurrent operators: the activations whose parameters are beyond doubt, the types they compute in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.values import Var, dtype_of, is_var

DIRECT = frozenset({"relu", "sigmoid", "tanh"})
"""Activations of the same name and meaning; the others have parameters that MIL's documentation does not give."""


def computed(
    b: Builder, op: str, x: Var, states: Sequence[Var], operands: Mapping[str, Any], **options: Any
) -> Sequence[Var]:
    """One operator in a type that it has: float32 alone before iOS17.

    Args:
        b: the builder.
        op: ``"lstm"``, ``"gru"``, ``"rnn"``.
        x: [time, batch, input size].
        states: initial ones, for their number.
        operands: values and arrays by MIL's names, floats.
        options: texts and truth values by MIL's names.
    """
    dtype = dtype_of(x) if b.has("iOS17") else "float32"
    given = {
        key: b.cast(item, dtype) if is_var(item) else item.astype(np.dtype(dtype)) for key, item in operands.items()
    }
    results = b.emit(op, x=b.cast(x, dtype), **given, **options)
    return [b.cast(result, dtype_of(x)) for result in results[: len(states) + 1]]

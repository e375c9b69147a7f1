"""Literals of a file as values of the engine: tensors, strings, lists."""

from typing import Any

import numpy as np
import torch

from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.program import ListType, Literal, TensorType


def value_of(literal: Literal) -> Any:
    """A tensor held as `dtypes` says, a string, or a list of such.

    Raises:
        ValueError: a type that no operator takes.
    """
    if isinstance(literal.type, TensorType) and not isinstance(literal.value, np.ndarray):
        return literal.value  # strings
    if isinstance(literal.type, TensorType):
        held = DTYPES[literal.type.dtype]
        array = np.array(literal.value)  # a copy: the file's own bytes are not written to, ever
        wide = array.astype(held.torch, copy=False)
        return torch.from_numpy(wide)
    if isinstance(literal.type, ListType) and isinstance(literal.value, list):
        return [value_of(item) if isinstance(item, Literal) else item for item in literal.value]
    raise ValueError(f"a constant that is a {type(literal.type).__name__}")

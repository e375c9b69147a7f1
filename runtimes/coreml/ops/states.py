"""Reading and writing states (iOS 18).

Programs are written with ``coreml_update_state`` as a write and a read; a file that has it whole means the same.
"""

from typing import Any

import torch

from portproof.runtimes.coreml.registry import mil_op
from portproof.runtimes.coreml.results import to_float16
from portproof.runtimes.coreml.state import StateBox


def _box(value: Any) -> StateBox:
    if not isinstance(value, StateBox):
        raise TypeError(f"a state is needed, not a {type(value).__name__}")
    return value


@mil_op("read_state", since="CoreML8", exact=True)
def read_state(input: Any) -> torch.Tensor:  # noqa: A002 - MIL's name
    """What the state holds now; later writes do not change it."""
    return _box(input).value


@mil_op("write_state", since="CoreML8", exact=True)
def write_state(input: Any, data: torch.Tensor) -> tuple[()]:  # noqa: A002 - MIL's name
    """Puts another tensor into the state."""
    coreml_update_state(input, data)
    return ()


@mil_op("coreml_update_state", since="CoreML8", exact=True)
def coreml_update_state(state: Any, value: torch.Tensor) -> torch.Tensor:
    """Puts another tensor into the state, and gives it.

    A state is memory of its declared type: float16 is rounded to in either precision.
    """
    box = _box(state)
    if value.shape != box.value.shape or value.dtype is not box.value.dtype:
        raise ValueError(
            f"state {box.name} is {box.value.dtype} {list(box.value.shape)}, and is given {value.dtype} "
            f"{list(value.shape)}"
        )
    box.value = to_float16(value) if box.dtype == "float16" else value
    return box.value

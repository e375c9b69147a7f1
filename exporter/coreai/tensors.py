"""What an ONNX value is while it is lowered: a value of the graph, or a constant that is not in it yet."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.lowering.refusal import UnknownShape

Array = NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tensor:
    """One tensor.

    Attributes:
        shape: its sizes, all known.
        dtype: as in ONNX: Core AI has numpy's types.
        value: `coreai.authoring.Value`; None for a constant.
        array: the numbers of a constant; None for what is computed at run time.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    value: Any = None
    array: Array | None = None

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def is_float(self) -> bool:
        """Whether it holds floats."""
        return self.dtype.kind == "f"


def constant(array: Array) -> Tensor:
    """A constant tensor."""
    return Tensor(shape=array.shape, dtype=array.dtype, array=array)


def array_of(x: Tensor, what: str) -> Array:
    """The numbers of a parameter.

    Raises:
        UnknownShape: it is computed at run time; `what` names it.
    """
    if x.array is None:
        raise UnknownShape(f"its {what} is computed at run time", "make it a constant of the model")
    return x.array


def ints_of(x: Tensor, what: str) -> list[int]:
    """The whole numbers of a parameter such as axes or a shape, flattened; see `array_of`."""
    return [int(item) for item in array_of(x, what).reshape(-1)]

"""States: tensors that live on from one run to the next, as caches do (iOS 18)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.spec import Array


@dataclass(kw_only=True, eq=False)
class StateBox:
    """What a function's state input is bound to.

    Attributes:
        name: of the state.
        dtype: MIL's name.
        value: held as `dtypes` says; replaced by ``write_state``, never changed in place.
    """

    name: str
    dtype: str
    value: torch.Tensor


class State:
    """The states of one function, which its runs read and write."""

    def __init__(self, boxes: Mapping[str, StateBox]) -> None:
        self.boxes = dict(boxes)

    def read(self, name: str) -> Array:
        """A copy of what a state holds, in its own type.

        Raises:
            PortproofError: ``E-DATA-NAME`` when there is no such state.
        """
        box = self._box(name)
        return np.array(box.value.numpy(), dtype=DTYPES[box.dtype].numpy)

    def write(self, name: str, value: Array) -> None:
        """Puts an array into a state.

        Raises:
            PortproofError: ``E-DATA-NAME``, ``E-DATA-SHAPE``, ``E-DATA-DTYPE`` when it does not fit.
        """
        box = self._box(name)
        array = np.asarray(value)
        if array.shape != tuple(box.value.shape):
            what = f"state {name!r} has the shape {list(box.value.shape)}, and the array {list(array.shape)}"
            raise PortproofError("E-DATA-SHAPE", what)
        if array.dtype != np.dtype(DTYPES[box.dtype].numpy):
            raise PortproofError(
                "E-DATA-DTYPE",
                f"state {name!r} is {box.dtype}, and the array {array.dtype}",
                hint=f"convert it on purpose: array.astype({DTYPES[box.dtype].numpy!r})",
            )
        box.value = torch.from_numpy(array.astype(DTYPES[box.dtype].torch))

    def _box(self, name: str) -> StateBox:
        if name not in self.boxes:
            raise PortproofError("E-DATA-NAME", f"there is no state {name!r}", why=f"there are {', '.join(self.boxes)}")
        return self.boxes[name]

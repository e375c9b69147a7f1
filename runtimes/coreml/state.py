"""States: tensors that live on from one run to the next, as caches do (iOS 18)."""

from dataclasses import dataclass

import torch


@dataclass(kw_only=True, eq=False)
class StateBox:
    """What a function's state input is bound to.

    Attributes:
        name: of the state.
        dtype: MIL's name.
        value: held as `dtypes` says; replaced by ``write_state``.
    """

    name: str
    dtype: str
    value: torch.Tensor

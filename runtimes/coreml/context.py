"""What a kernel may know of its surroundings: nested blocks, declared types, the run's random numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch

from portproof.runtimes.coreml.program import NamedType
from portproof.runtimes.options import Precision as Precision  # noqa: PLC0414 - what strict and minimum mean is there

Body: TypeAlias = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Context:
    """The surroundings of one operator.

    Attributes:
        outputs: the declared outputs.
        bodies: its nested blocks, each called with its inputs and giving its outputs.
        precision: of the run.
        generator: of random numbers; seeded anew for every run, so that runs can be repeated.
        most_elements: the largest tensor that a kernel may make.
    """

    outputs: Sequence[NamedType]
    bodies: Sequence[Body] = ()
    precision: Precision = "strict"
    generator: torch.Generator = field(default_factory=torch.Generator)
    most_elements: int = 2**31

    def check_size(self, shape: Sequence[int]) -> None:
        """Raises `ValueError` before a tensor is made that cannot be meant: for kernels whose values are sizes."""
        count = 1
        for size in shape:
            if size < 0:
                raise ValueError(f"a size is negative: {list(shape)}")
            count *= size
        if count > self.most_elements:
            raise ValueError(f"a tensor of shape {list(shape)} has more than {self.most_elements} elements")

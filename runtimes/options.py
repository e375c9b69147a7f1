"""How a model is to be run: what every adapter understands."""

from dataclasses import dataclass
from typing import Literal

Kernels = Literal["default", "reference"]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of a runner.

    Attributes:
        threads: CPU threads of the runtime, at least 1.
        kernels: ``"default"`` is what an app gets (LiteRT with XNNPACK; ONNX Runtime with its optimisations);
            ``"reference"`` is the plain arithmetic (LiteRT's reference kernels; ONNX Runtime without
            optimisations).
        profile_prefix: where a runtime that can profile operators writes its trace (a path without its
            ending); empty for no profile.
    """

    threads: int = 1
    kernels: Kernels = "default"
    profile_prefix: str = ""

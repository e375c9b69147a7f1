"""How a model is to be run: what every adapter understands."""

from dataclasses import dataclass
from typing import Literal

DEFAULT_SIGNATURE = "serving_default"
"""The name of a file's only function, as the field has it."""
Kernels = Literal["default", "reference"]
Precision = Literal["strict", "minimum"]
"""``"strict"``: every result is rounded to its declared type. ``"minimum"``: a declared type is a floor; float16 values
are computed and kept in float32, as Core ML does on a CPU."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """Options of a runner.

    Attributes:
        threads: CPU threads of the runtime, at least 1.
        kernels: ``"default"`` is what an app gets (LiteRT with XNNPACK; ONNX Runtime with its optimisations);
            ``"reference"`` is the plain arithmetic (LiteRT's reference kernels; ONNX Runtime without
            optimisations).
        signature: of a file that offers several functions, the one to run; empty for `DEFAULT_SIGNATURE`, else
            the first.
        precision: of the Core ML emulator: ``"strict"`` rounds every result to its declared type, ``"minimum"`` takes
            float16 as a floor and computes in float32.
        profile_prefix: where a runtime that can profile operators writes its trace (a path without its
            ending); empty for no profile.
    """

    threads: int = 1
    kernels: Kernels = "default"
    profile_prefix: str = ""
    signature: str = ""
    precision: Precision = "strict"

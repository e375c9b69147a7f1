"""What coremltools itself computes for an operator on constants (`value_inference`), as an oracle for kernels."""

import logging
import warnings
from typing import Any

import numpy as np

TARGETS = {"CoreML5": "iOS15", "CoreML6": "iOS16", "CoreML7": "iOS17", "CoreML8": "iOS18"}


def builder() -> Any:
    """coremltools' modules (package, MIL builder), imported quietly."""
    logging.getLogger("coremltools").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import coremltools
        from coremltools.converters.mil import Builder
    return coremltools, Builder


def inferred(op_type: str, *, opset: str = "CoreML7", **parameters: Any) -> np.ndarray:
    """The operator's value, folded by coremltools while a program is built; AssertionError where it folds nothing."""
    coremltools, mb = builder()
    found: list[Any] = []

    def program() -> Any:
        value = getattr(mb, op_type)(**parameters)
        found.append(value.val)
        return value

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        target = getattr(coremltools.target, TARGETS[opset])
        mb.program(input_specs=[], opset_version=target)(program)
    assert found[0] is not None, f"{op_type} was not folded"
    return np.asarray(found[0])

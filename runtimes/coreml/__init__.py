"""Runs Core ML packages anywhere: the emulator of ML Programs.

>>> from portproof.runtimes.coreml import make_state, predict
>>> predict("model.mlpackage", {"x": array})["y"]

Semantics are those of Apple's MIL documentation. What is not documented is refused, not guessed.
"""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portproof.runtimes.coreml.context import Precision
    from portproof.runtimes.coreml.model import Model
    from portproof.runtimes.coreml.state import State


def predict(
    mlpackage_path: str | os.PathLike[str],
    inputs: Mapping[str, Any],
    *,
    state: "State | None" = None,
    precision: "Precision" = "strict",
    function: str | None = None,
) -> dict[str, Any]:
    """Run a Core ML model once.

    The package is read and compiled anew; `load` does that once for many runs.

    Args:
        mlpackage_path: a ``.mlpackage`` folder, or a ``.mlmodel`` file that holds an ML Program.
        inputs: by name. For a multi-array an array of its shape; numbers of another type are taken where the declared
            type holds the same number, into float16 they are rounded. For an image uint8 [height, width, 3] with red
            first or [height, width], a Pillow image, or an array in the program's own shape [1, channels, height,
            width]. Optional inputs may be left out.
        state: of a model that keeps states: what `make_state` made; updated in place.
        precision: ``"strict"`` rounds every operator's result to its declared type, as the neural engine and GPUs may;
            ``"minimum"`` takes float16 as a floor and computes in float32, as CPUs do.
        function: of a package that holds several; None for its default.

    Returns:
        Outputs by name, in the file's order: arrays of the declared type ([1] for a scalar), images as uint8 [height,
        width, 3] or [height, width], a classifier's label as str or int and its probabilities as a dict.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-*``, ``E-OP-UNSUPPORTED``, ``E-DATA-*``, ``E-RUN``; ``E-USAGE``
            for an unknown function; ``E-INSTALL`` without torch.
    """
    return load(mlpackage_path, precision=precision, function=function).predict(inputs, state=state)


def make_state(mlpackage_path: str | os.PathLike[str], function: str | None = None) -> "State":
    """The states of a model, filled with zeros, to be given to the calls of `predict` that belong together.

    Raises:
        PortproofError: as `predict`.
    """
    return load(mlpackage_path, function=function).make_state()


def load(
    mlpackage_path: str | os.PathLike[str], *, precision: "Precision" = "strict", function: str | None = None
) -> "Model":
    """A function of a package, ready for many calls of its ``predict(inputs, state=None)``.

    Raises:
        PortproofError: as `predict`.
    """
    from pathlib import Path

    require_torch()
    from portproof.runtimes.coreml.model import Model

    return Model(Path(mlpackage_path), function=function, precision=precision)


def require_torch() -> None:
    """Raises PortproofError ``E-INSTALL`` when the package that computes is not installed."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        from portproof.device_profiles.errors import PortproofError

        raise PortproofError(
            "E-INSTALL",
            "Core ML programs are run with torch, which is not installed",
            hint="pip install portproof[torch]",
        ) from error

"""Golden vectors: inputs and the reference's outputs for them, as `.npz` whose bytes are always the same."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portproof.device_profiles.errors import PortproofError

Arrays = Mapping[str, NDArray[Any]]
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip archive cannot say "no date"; this is its zero


def write(path: Path, inputs: Arrays, outputs: Arrays) -> None:
    """Write one sample as arrays ``inputs/NAME`` and ``outputs/NAME``, in the source's layout, uncompressed.

    Not with `numpy.savez`: whether it dates its members differs between versions of Python.
    """
    members = [
        (f"{kind}/{name}", array)
        for kind, part in (("inputs", inputs), ("outputs", outputs))
        for name, array in part.items()
    ]
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in members:
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            entry.create_system = 3  # Unix, on every system
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
            archive.writestr(entry, buffer.getvalue())


def read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any]]]:
    """The inputs and outputs of one sample.

    Raises:
        PortproofError: ``E-DATA-FORMAT``: it is damaged, or not what `write` writes.
    """
    inputs: dict[str, NDArray[Any]] = {}
    outputs: dict[str, NDArray[Any]] = {}
    try:
        with np.load(path, allow_pickle=False) as archive:
            for key in archive.files:
                kind, _, name = key.partition("/")
                {"inputs": inputs, "outputs": outputs}[kind][name] = archive[key]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise PortproofError("E-DATA-FORMAT", "not a golden vector", where=str(path), why=str(error)) from error
    return inputs, outputs

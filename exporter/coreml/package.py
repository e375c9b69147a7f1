"""Writes a `.mlpackage` so that the same program gives the same bytes.

coremltools names the entries of the manifest by random UUIDs, writes the protobuf's maps in hash order and records the
date; here the names come from what they stand for, maps are sorted and no date is recorded.
"""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

_AUTHOR = "com.apple.CoreML"
_NAMESPACE = uuid.UUID("6f0c5f0e-6c9b-5d1e-9d0a-0a3f6b1c8e57")
_ENTRIES = (("model.mlmodel", "CoreML Model Specification"), ("weights", "CoreML Model Weights"))


def write_package(spec: Any, weights: Path | None, path: Path) -> None:
    """Writes a package.

    Args:
        spec: `Model_pb2.Model`.
        weights: the folder of weight files that `spec` names, None when it names none.
        path: the `.mlpackage` folder, which must not exist.
    """
    data = path / "Data" / _AUTHOR
    data.mkdir(parents=True)
    (data / "model.mlmodel").write_bytes(spec.SerializeToString(deterministic=True))
    if weights is not None:
        shutil.copytree(weights, data / "weights")
    entries = [entry for entry in _ENTRIES if (data / entry[0]).exists()]
    (path / "Manifest.json").write_text(json.dumps(_manifest(entries), indent=4, sort_keys=True) + "\n")


def _manifest(entries: list[tuple[str, str]]) -> dict[str, Any]:
    def identifier(name: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, name)).upper()

    return {
        "fileFormatVersion": "1.0.0",
        "itemInfoEntries": {
            identifier(name): {
                "author": _AUTHOR,
                "description": description,
                "name": name,
                "path": f"{_AUTHOR}/{name}",
            }
            for name, description in entries
        },
        "rootModelIdentifier": identifier(_ENTRIES[0][0]),
    }

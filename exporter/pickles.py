"""Telling pickles from models that can be read without running code.

Unpickling runs whatever the file says. Plain pickles, ``torch.save`` files and TorchScript archives are refused
unless the user asks for them by name; a ``.pt2`` archive is refused only where it holds parts that torch would
unpickle or evaluate.
"""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError

_MAX_JSON_BYTES = 256 << 20
# Symbols and functions that torch.export writes into shape expressions; torch evaluates these texts as Python.
_SYMBOL = re.compile(r"(s|u|z|zf|zuf|i)\d+|\d+|[A-Z][A-Za-z]*|oo|int_oo|floor|ceiling|and|or|not")
_EXPRESSION = re.compile(r"[A-Za-z0-9_ ,.()<>=+\-*/%&|~]*")
# Operators are torch.ops.<namespace>.<name>.<overload>; anything else could name any function of torch.
_TARGET = re.compile(r"torch\.ops\.\w+\.\w+\.\w+|torch\.sym_\w+|_operator\.\w+|math\.\w+")


def looks_pickled(path: Path) -> bool:
    """Whether a file is a pickle, a ``torch.save`` file or a TorchScript archive, judged by its bytes."""
    with path.open("rb") as file:
        head = file.read(2)
    if head[:1] == b"\x80":  # pickle's PROTO opcode, protocols 2 to 5
        return 2 <= head[-1] <= 5
    names = _zip_names(path)
    return any(name.endswith("/data.pkl") or name == "data.pkl" for name in names)


def is_exported_program(path: Path) -> bool:
    """Whether a file is an archive of ``torch.export.save``."""
    return any("/models/" in name and name.endswith(".json") for name in _zip_names(path))


def refuse(path: Path, why: str) -> PortproofError:
    """E-MODEL-PICKLE."""
    return PortproofError(
        "E-MODEL-PICKLE",
        f"{path.name} holds a pickle; reading it would run code from the file",
        where=str(path),
        why=why,
        hint="Give file.py:factory, a .pt2 or an .onnx; or pass --allow-pickle if you trust the file's author.",
    )


def check_archive(path: Path) -> None:
    """Raise E-MODEL-PICKLE when loading a ``.pt2`` would unpickle objects or evaluate text of the file's author.

    The example inputs are a pickle too, but of tensors only: torch reads them with ``weights_only=True`` when
    `TORCH_FORCE_WEIGHTS_ONLY_LOAD` is set, which the caller does.
    """
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        odd = [n for n in names if "/data/" in n and Path(n).name.startswith(("custom_obj", "opaque_obj"))]
        odd += [n for n in names if re.search(r"/data/(weights|constants)/[^/]*\.pt$", n)]
        if odd or any("/data/aotinductor/" in n for n in names):
            raise refuse(path, f"it holds objects that are not tensors: {(odd or names)[0]}")
        for name in names:
            if name.endswith(".json") and ("/models/" in name or name.endswith("_config.json")):
                _check_json(_read_json(archive, name, path), name, path)


def _check_json(data: Any, name: str, path: Path) -> None:
    for key, value in _items(data):
        if key == "use_pickle" and value:
            raise refuse(path, f"{name} has a tensor stored as a pickle")
        if key == "expr_str" and not _harmless(str(value)):
            raise refuse(path, f"{name} has a shape expression that could run code: {str(value)[:60]!r}")
        if key == "target" and isinstance(value, str) and "." in value and not _known_target(value):
            raise refuse(path, f"{name} calls {value[:60]!r}, which is no operator")


def _known_target(value: str) -> bool:
    """Targets of graph nodes; targets of the signature are names of weights, such as ``features.0.weight``."""
    return bool(_TARGET.fullmatch(value)) or not value.startswith(("torch.", "_operator", "math.", "#"))


def _harmless(expression: str) -> bool:
    words = re.findall(r"[A-Za-z_]\w*", expression)
    return bool(_EXPRESSION.fullmatch(expression)) and all(_SYMBOL.fullmatch(word) for word in words)


def _items(data: Any) -> Iterator[tuple[str, Any]]:
    todo = [data]
    while todo:
        current = todo.pop()
        if isinstance(current, dict):
            yield from current.items()
            todo.extend(current.values())
        elif isinstance(current, list):
            todo.extend(current)


def _read_json(archive: zipfile.ZipFile, name: str, path: Path) -> Any:
    try:
        if archive.getinfo(name).file_size > _MAX_JSON_BYTES:
            raise ValueError(f"{name} is larger than {_MAX_JSON_BYTES} bytes")
        return json.loads(archive.read(name))
    except (ValueError, zipfile.BadZipFile, NotImplementedError, RecursionError) as error:
        raise PortproofError("E-MODEL-FORMAT", f"{path.name} is damaged", where=str(path), why=str(error)) from error


def _zip_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return []

"""The user's metric: ``file.py:function``, called with a model to run, gives a number that is better when higher."""

import importlib.util
import math
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from portproof.device_profiles.errors import PortproofError

Run = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]
Metric = Callable[[Run], float]

_HINT = "write it as file.py:function: def top1(run): ... return score, where run(inputs) gives a dict of outputs"


def load_metric(spec: str) -> Metric:
    """The metric of ``file.py:function``.

    The function gets `run`, which takes a dict of input arrays and returns a dict of output arrays, all by name, in
    the source model's layout; it reads its own labelled data and returns one number, the higher the better.

    Raises:
        PortproofError: ``E-USAGE`` when it is not written so; ``E-FILE-MISSING``; ``E-CONFIG`` when the file cannot be
            loaded or has no such function. The metric itself raises ``E-CONFIG`` when the user's function raises, or
            returns no finite number, with the user's own line.
    """
    name, colon, function = spec.rpartition(":")
    if not colon or not name.endswith(".py") or not function.isidentifier():
        raise PortproofError("E-USAGE", f"{spec!r} is no metric", hint=_HINT)
    path = Path(name)
    if not path.is_file():
        raise PortproofError("E-FILE-MISSING", f"there is no file {path.name}", where=name)
    found = _function(path, function)

    def metric(run: Run) -> float:
        return _score(found, run, path, spec)

    return metric


def _function(path: Path, function: str) -> Callable[[Run], Any]:
    specification = importlib.util.spec_from_file_location(f"portproof_metric_{path.stem}", path)
    if specification is None or specification.loader is None:
        raise PortproofError("E-CONFIG", "it is not a Python file", where=str(path), hint=_HINT)
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except Exception as error:  # the user's file may raise anything
        raise _raised(error, path) from error
    found = getattr(module, function, None)
    if not callable(found):
        raise PortproofError("E-CONFIG", f"{path.name} has no function {function!r}", where=str(path), hint=_HINT)
    return found  # type: ignore[no-any-return]


def _score(function: Callable[[Run], Any], run: Run, path: Path, spec: str) -> float:
    try:
        score = float(function(run))
    except Exception as error:  # the user's code may raise anything, and so does a run with inputs of other names
        raise _raised(error, path) from error
    if not math.isfinite(score):
        raise PortproofError("E-CONFIG", f"the metric returned {score}", where=spec, hint=_HINT)
    return score


def _raised(error: Exception, path: Path) -> PortproofError:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename) == path]
    where = f"{path}:{frames[-1].lineno}" if frames else str(path)
    why = f"{type(error).__name__}: {error}"
    return PortproofError("E-CONFIG", "the metric raised an error", where=where, why=why, hint=_HINT)

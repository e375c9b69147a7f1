"""Stands in for coremltools' bridge to Core ML: what its tests predict is run by the emulator, on any system.

`install` has to run before coremltools is imported. It puts a module in the place of the native `libcoremlpython` and
tells coremltools that this is macOS 15, so that its tests predict and compare instead of only converting.
"""

import functools
import sys
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from portproof.runtimes.coreml.program import Block, Function, NamedType

if TYPE_CHECKING:
    from portproof.runtimes.coreml.model import Model

MACOS = (15, 5)
REFUSED = "Unable to compute the prediction using ML Program"
"""How Core ML says that a run failed; some tests expect it."""


class Trace:
    """What one case did: what it ran, and how far what came out is from what it expects."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forgets everything, before a case begins."""
        self.predictions = 0
        self.failure = ""
        self.float16 = False
        self.operators: set[str] = set()
        self.errors: list[float] = []
        self._outputs: list[Any] = []

    def compiled(self, function: Function) -> None:
        """Takes the operators of a program, and whether it computes in float16 anywhere."""
        values = [*function.inputs, *(value for value, _ in _values(function.block))]
        self.float16 |= any(_is_float16(value) for value in values)
        self.operators |= {kind for _, kind in _values(function.block)}

    def predicted(self, outputs: dict[str, Any]) -> None:
        """Holds on to what came out, so that comparisons of it are recognised."""
        self._outputs.extend(outputs.values())

    def compared(self, actual: Any, expected: Any) -> None:
        """Takes the error of a comparison if one side of it came out of a prediction."""
        if any(actual is output for output in self._outputs):
            self.errors.append(error_to_scale(actual, expected))
        elif any(expected is output for output in self._outputs):
            self.errors.append(error_to_scale(expected, actual))


def _values(block: Block) -> Iterator[tuple[NamedType, str]]:
    for operation in block.operations:
        for value in operation.outputs:
            yield value, operation.type
        for inner in operation.blocks:
            yield from _values(inner)


def _is_float16(value: NamedType) -> bool:
    kind = value.type
    while hasattr(kind, "wrapped") or hasattr(kind, "element"):
        kind = getattr(kind, "wrapped", None) or kind.element
    return getattr(kind, "dtype", "") == "float16"


def error_to_scale(actual: Any, expected: Any) -> float:
    """The largest difference, relative to the largest of the expected numbers; the difference where these are all zero.

    Infinite where sizes differ, and where one of both is infinite or no number and the other is something else.
    """
    found, wanted = np.atleast_1d(np.asarray(actual)), np.atleast_1d(np.asarray(expected))
    if found.size != wanted.size:
        return float("inf")
    found, wanted = (array.astype(np.float64).reshape(-1) for array in (found, wanted))
    finite = np.isfinite(wanted)
    if not np.array_equal(found[~finite], wanted[~finite], equal_nan=True) or not np.isfinite(found[finite]).all():
        return float("inf")
    if not finite.any():
        return 0.0
    difference = float(np.abs(found[finite] - wanted[finite]).max())
    return difference / (float(np.abs(wanted[finite]).max()) or 1.0)


def install(trace: Trace) -> None:
    """Imports coremltools with the emulator, in its strict precision, in the place of Core ML.

    Args:
        trace: told of programs, predictions and comparisons.
    """
    bridge = types.ModuleType("coremltools.libcoremlpython")
    bridge.__dict__["_MLModelProxy"] = functools.partial(Proxy, trace)
    for name in ("maximum_supported_specification_version", "auto_set_specification_version"):
        setattr(bridge.__dict__["_MLModelProxy"], name, getattr(Proxy, name))
    sys.modules[bridge.__name__] = bridge
    import coremltools

    coremltools.libcoremlpython = bridge
    _pretend_macos()
    _watch_comparisons(trace)


class Proxy:
    """A loaded model, as coremltools uses it."""

    def __init__(self, trace: Trace, path: str, _units: str, function: str, _hints: Any, _asset: Any) -> None:
        self._trace, self._path, self._function = trace, path, function

    @staticmethod
    def maximum_supported_specification_version() -> int:
        """That of iOS 18."""
        return 9

    @staticmethod
    def auto_set_specification_version(spec: Any) -> Any:
        """Leaves it as it was written."""
        return spec

    def predict(self, inputs: dict[str, Any], state: Any = None) -> dict[str, Any]:
        """Runs once; any error is a RuntimeError, as the native bridge's are."""
        self._trace.predictions += 1
        try:
            outputs = self._model.predict(inputs, state=state)
        except Exception as error:
            self._trace.failure = self._trace.failure or f"{type(error).__name__}: {error}"
            raise RuntimeError(f"{REFUSED}: {error}") from error
        self._trace.predicted(outputs)
        return outputs

    def batchPredict(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N802 - coremltools' name
        """Runs once for each."""
        return [self.predict(inputs) for inputs in batch]

    def newState(self) -> Any:  # noqa: N802 - coremltools' name
        """States that hold zeros."""
        return self._model.make_state()

    @functools.cached_property
    def _model(self) -> "Model":
        from portproof.runtimes.coreml import load

        model = load(self._path, function=self._function or None)
        self._trace.compiled(model.function)
        return model


def _pretend_macos() -> None:
    """Also where the functions and the constant were already imported by name."""
    told = {"_is_macos": lambda: True, "_macos_version": lambda: MACOS, "_IS_MACOS": True}
    for name, module in list(sys.modules.items()):
        for attribute in told.keys() & vars(module).keys() if name.startswith("coremltools") else ():
            setattr(module, attribute, told[attribute])


def _watch_comparisons(trace: Trace) -> None:
    compare = np.testing.assert_allclose

    def assert_allclose(actual: Any, desired: Any, *args: Any, **kwargs: Any) -> None:
        trace.compared(actual, desired)
        compare(actual, desired, *args, **kwargs)

    np.testing.assert_allclose = assert_allclose

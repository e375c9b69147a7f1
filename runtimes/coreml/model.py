"""One function of a Core ML package, ready to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.answers import as_features
from portproof.runtimes.coreml.context import Precision
from portproof.runtimes.coreml.dtypes import DTYPES
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.feeding import tensors
from portproof.runtimes.coreml.parse import read
from portproof.runtimes.coreml.program import Function, Interface, Package, StateType
from portproof.runtimes.coreml.state import State, StateBox
from portproof.runtimes.feed import near_matches


class Model:
    """A function of a package, compiled once; not safe for several threads at once.

    Args:
        path: a ``.mlpackage`` folder, or a ``.mlmodel`` file that holds an ML Program.
        function: the one to run; None for the package's default.
        precision: ``"strict"`` rounds every result to its declared type, ``"minimum"`` keeps float16 values in float32.
        observe: called with every step, its arguments and its results.
        simulate: operators of a float32 program that are computed as if they were float16 ones.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-*``; ``E-OP-UNSUPPORTED`` for operators that are not known;
            ``E-USAGE`` for a function that the package does not have, or an unknown precision.
    """

    def __init__(
        self,
        path: Path,
        *,
        function: str | None = None,
        precision: Precision = "strict",
        observe: Any = None,
        simulate: Any = None,
    ) -> None:
        if precision not in ("strict", "minimum"):
            raise PortproofError("E-USAGE", f"precision {precision!r} is none of strict, minimum")
        self.package = package = read(path)
        name = _chosen(package, function)
        self.path = path
        self.function: Function = package.functions[name]
        self.interface: Interface = package.interfaces[name]
        self._executable = Executable(
            self.function, precision=precision, where=str(path), observe=observe, simulate=simulate
        )

    def make_state(self) -> State:
        """States that hold zeros, for the runs that are to share them; empty for a function without any."""
        return State({box.name: box for box in _boxes(self.function)})

    def predict(self, inputs: Mapping[str, Any], *, state: State | None = None) -> dict[str, Any]:
        """Runs once; inputs and outputs as `portproof.runtimes.coreml.predict` says."""
        return as_features(self.interface, self.run(inputs, state))

    def run(self, inputs: Mapping[str, Any], state: State | None) -> dict[str, Any]:
        """Runs once; the outputs as the program gives them, by name."""
        fed = tensors(self.interface, self.function, inputs, where=str(self.path))
        return self._executable.run({**fed, **self._states(state)})

    def _states(self, state: State | None) -> Mapping[str, StateBox]:
        boxes = {} if state is None else state.boxes
        wanted = {box.name: box for box in _boxes(self.function)}
        if boxes.keys() != wanted.keys():
            raise PortproofError(
                "E-DATA-NAME",
                f"{self.path.name} keeps the states {', '.join(wanted) or '(none)'}",
                where=str(self.path),
                why=f"given: {', '.join(boxes) or 'none'}",
                hint="make them with portproof.runtimes.coreml.make_state, once for runs that belong together",
            )
        for name, box in wanted.items():
            if box.value.shape != boxes[name].value.shape or box.dtype != boxes[name].dtype:
                raise PortproofError("E-DATA-SHAPE", f"state {name!r} is one of another model", where=str(self.path))
        return boxes


def _chosen(package: Package, wanted: str | None) -> str:
    if not wanted:
        return package.default_function
    if wanted not in package.functions:
        near = near_matches(wanted, package.functions)
        raise PortproofError(
            "E-USAGE",
            f"{package.path.name} has no function {wanted!r}",
            where=str(package.path),
            why=f"it has {', '.join(package.functions)}",
            hint=f"did you mean {near[0]}?" if near else "",
        )
    return wanted


def _boxes(function: Function) -> list[StateBox]:
    """A box of zeros for each state."""
    return [
        StateBox(name=value.name, dtype=value.type.wrapped.dtype, value=_zeros(value.name, value.type))
        for value in function.inputs
        if isinstance(value.type, StateType)
    ]


def _zeros(name: str, kind: StateType) -> torch.Tensor:
    shape = kind.wrapped.shape
    if shape is None or None in shape:
        raise PortproofError("E-MODEL-UNSUPPORTED", f"state {name!r} has no fixed shape")
    dtype: torch.dtype = getattr(torch, DTYPES[kind.wrapped.dtype].torch)
    return torch.zeros([size for size in shape if size is not None], dtype=dtype)

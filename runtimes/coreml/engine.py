"""Runs a function of an ML Program with torch's kernels.

A function is compiled once: every value gets a place in one list, constants are put there, and each operator becomes a
step with its arguments bound. Running is then a walk over the steps.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.constants import value_of
from portproof.runtimes.coreml.context import Body, Precision
from portproof.runtimes.coreml.program import Block, Function, Operation
from portproof.runtimes.coreml.steps import Observe, Scope, Settings, Simulate, Step, block_names, make_step


@dataclass(frozen=True, kw_only=True, eq=False)
class CompiledBlock:
    """Steps, and the places of what goes in and comes out; `spent` are those to be emptied at the end."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    steps: tuple[Step, ...]
    spent: tuple[int, ...]
    places: list[Any]
    settings: Settings

    def __call__(self, *arguments: Any) -> tuple[Any, ...]:
        """Runs the steps on values for the inputs and gives the outputs."""
        places = self.places
        for place, argument in zip(self.inputs, arguments, strict=True):
            places[place] = argument
        for step in self.steps:
            values, results = _run(step, places, self.settings)
            for (place, _), result in zip(step.outputs, results, strict=True):
                places[place] = result
            if self.settings.observe is not None:
                self.settings.observe(step, values, results)
            for place in step.spent:
                places[place] = None
            del values, results  # or the next step would run with what was given up
        outputs = tuple(places[place] for place in self.outputs)
        for place in self.spent:
            places[place] = None
        return outputs


class Executable:
    """A function, ready to run; not safe for several threads at once.

    Args:
        function: of a package that was read.
        precision: see `context.Precision`.
        where: the file, for messages.
        observe: called with every step, its arguments and its results.
        simulate: operators of a float32 program that are computed as if they were float16 ones.
        seed: of the random operators.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` for operators, parameters and constants that are not known.
    """

    def __init__(
        self,
        function: Function,
        *,
        precision: Precision = "strict",
        where: str = "",
        observe: Observe | None = None,
        simulate: Simulate | None = None,
        seed: int = 0,
    ) -> None:
        self._seed = seed
        self._generator = torch.Generator()
        settings = Settings(
            opset=function.opset,
            precision=precision,
            where=where,
            generator=self._generator,
            observe=observe,
            simulate=simulate,
        )
        self.input_names = tuple(value.name for value in function.inputs)
        self.output_names = function.block.outputs
        self._block = _compile(replace(function.block, inputs=function.inputs), Scope(), settings)

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Values by name for all inputs (tensors as `dtypes` holds them, `StateBox` for states); outputs by name.

        Raises:
            PortproofError: ``E-RUN`` where an operator fails.
        """
        self._generator.manual_seed(self._seed)
        with torch.inference_mode():
            results = self._block(*(inputs[name] for name in self.input_names))
        return dict(zip(self.output_names, results, strict=True))


def _compile(block: Block, scope: Scope, settings: Settings) -> CompiledBlock:
    inputs = tuple(scope.define(value.name) for value in block.inputs)
    steps = [step for operation in block.operations if (step := _step(operation, scope, settings)) is not None]
    outputs = tuple(_output(name, scope, settings) for name in block.outputs)
    own = {*inputs, *(place for step in steps for place, _ in step.outputs)}
    return CompiledBlock(
        inputs=inputs,
        outputs=outputs,
        steps=tuple(_with_spent(steps, own, {*outputs, *scope.constant}, scope)),
        spent=tuple(sorted(own & {*inputs, *outputs})),
        places=scope.places,
        settings=settings,
    )


def _output(name: str, scope: Scope, settings: Settings) -> int:
    if not scope.has(name):
        raise PortproofError("E-MODEL-INVALID", f"the program gives {name}, which nothing makes", where=settings.where)
    return scope.place(name)


def _step(operation: Operation, scope: Scope, settings: Settings) -> Step | None:
    """None for what is computed here and now."""
    if operation.type == "const":
        _define_const(operation, scope, settings)
        return None
    if operation.type.startswith("constexpr_"):
        _define_constexpr(operation, scope, settings)
        return None
    bodies: Sequence[Body] = [_compile(body, Scope(scope), settings) for body in operation.blocks]
    return make_step(operation, scope, bodies, settings)


def _define_const(operation: Operation, scope: Scope, settings: Settings) -> None:
    literal = operation.attributes.get("val")
    if literal is None or len(operation.outputs) != 1:
        raise PortproofError("E-MODEL-FORMAT", "a constant has no value", where=f"{settings.where}: {operation.name}")
    try:
        value = value_of(literal)
    except ValueError as error:
        raise PortproofError(
            "E-OP-UNSUPPORTED",
            "a constant cannot be read",
            where=f"{settings.where}: {operation.name}",
            why=str(error),
        ) from error
    scope.define_constant(operation.outputs[0].name, value)


def _define_constexpr(operation: Operation, scope: Scope, settings: Settings) -> None:
    step = make_step(operation, scope, (), settings)
    if step.arguments:
        raise PortproofError(
            "E-OP-UNSUPPORTED",
            f"{operation.type} reads a value that is not constant",
            where=f"{settings.where}: {operation.name}",
        )
    for (place, _), value in zip(step.outputs, _run(step, scope.places, settings)[1], strict=True):
        scope.places[place] = value
        scope.constant.add(place)


def _with_spent(steps: Sequence[Step], own: set[int], kept: set[int], scope: Scope) -> list[Step]:
    """Each step with the places of its block (`own`) that it is the last to read: memory is given back early."""
    seen = set(kept)
    done = []
    for step in reversed(steps):
        read = {place for argument in step.arguments for place in argument.places}
        read |= {scope.place(name) for body in step.operation.blocks for name in _reads(body, scope)}
        made = {place for place, _ in step.outputs}
        spent = ((read | made) & own) - seen
        seen |= spent
        done.append(replace(step, spent=tuple(sorted(spent))))
    return done[::-1]


def _reads(block: Block, scope: Scope) -> set[str]:
    return {name for name in block_names(block) if scope.has(name)}


def _run(step: Step, places: list[Any], settings: Settings) -> tuple[dict[str, Any], list[Any]]:
    """The step's arguments and its results."""
    try:
        values = step.values(places)
        return values, step.compute(values)
    except PortproofError:
        raise
    except Exception as error:  # torch raises RuntimeError, IndexError and more for what does not fit
        raise PortproofError(
            "E-RUN",
            f"operator {step.operation.type} failed",
            where=f"{settings.where}: {step.operation.name}",
            why=(str(error).splitlines() or [type(error).__name__])[0],
        ) from error

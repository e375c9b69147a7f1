"""Turns the operators of a block into steps that run: names become places, constants are decoded once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.constants import value_of
from portproof.runtimes.coreml.context import Body, Context, Precision
from portproof.runtimes.coreml.program import Binding, Block, Literal, Operation
from portproof.runtimes.coreml.registry import Kernel, find
from portproof.runtimes.coreml.results import Finish, Rounding, finisher
from portproof.runtimes.coreml.signature import Parameter
from portproof.runtimes.coreml.simulate import in_float16, to_float16_all

Observe = Callable[["Step", Mapping[str, Any], Sequence[Any]], None]
"""Called with a step, its arguments that are not constants, and its results."""
Simulate = Callable[[Operation], bool]
"""Says of an operator of a float32 program whether it is to be computed as if it were a float16 one."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What holds for all operators of one loaded function."""

    opset: str
    precision: Precision
    where: str
    generator: torch.Generator
    observe: Observe | None = None
    simulate: Simulate | None = None


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument whose value is known only when running: the places that it comes from."""

    parameter: Parameter
    places: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One operator, ready to run.

    Attributes:
        operation: what it is.
        function: the kernel, called with `constants` and the values of `arguments` by name.
        outputs: the place of each output, and what brings the result to its type.
        spent: places that nothing reads any more afterwards.
    """

    operation: Operation
    function: Callable[..., Any]
    constants: Mapping[str, Any]
    arguments: tuple[Argument, ...]
    outputs: tuple[tuple[int, Finish], ...]
    spent: tuple[int, ...] = ()

    def values(self, places: list[Any]) -> dict[str, Any]:
        """The arguments that are not constants, by name, from `places`."""
        return {argument.parameter.name: _argument(argument, places) for argument in self.arguments}

    def compute(self, values: Mapping[str, Any]) -> list[Any]:
        """The operator's results, for `values` of the arguments that are not constants."""
        result = self.function(**self.constants, **values)
        results = result if isinstance(result, tuple) else (result,)
        if len(results) != len(self.outputs):
            raise ValueError(f"{len(self.outputs)} outputs are declared, and there are {len(results)}")
        return [finish(value) for (_, finish), value in zip(self.outputs, results, strict=True)]


def _argument(argument: Argument, places: list[Any]) -> Any:
    if argument.parameter.variadic:
        return argument.parameter.convert([places[place] for place in argument.places])
    return argument.parameter.convert(places[argument.places[0]])


class Scope:
    """Names of one block and those around it, and the constants among them."""

    def __init__(self, outer: "Scope | None" = None) -> None:
        self._names: dict[str, int] = {} if outer is None else dict(outer._names)
        self.places: list[Any] = [] if outer is None else outer.places
        self.constant: set[int] = set() if outer is None else outer.constant

    def define(self, name: str) -> int:
        """A new place for a value."""
        self._names[name] = len(self.places)
        self.places.append(None)
        return self._names[name]

    def define_constant(self, name: str, value: Any) -> None:
        """A value that is known before running."""
        self._names[name] = self.add_constant(value)

    def add_constant(self, value: Any) -> int:
        """A place for a value without a name."""
        self.places.append(value)
        self.constant.add(len(self.places) - 1)
        return len(self.places) - 1

    def has(self, name: str) -> bool:
        """Whether something defines it."""
        return name in self._names

    def place(self, name: str) -> int:
        """Where a value is; KeyError where nothing defines it."""
        return self._names[name]


def kernel_of(operation: Operation, settings: Settings) -> Kernel:
    """The kernel of an operator.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` when there is none.
    """
    kernel = find(operation.type, settings.opset)
    if kernel is None:
        raise PortproofError(
            "E-OP-UNSUPPORTED",
            f"operator {operation.type} of {settings.opset} is not known",
            where=f"{settings.where}: {operation.name}",
            why="the emulator runs the operators that Apple documents for iOS 15 to iOS 18, and guesses none",
        )
    return kernel


def bind(
    operation: Operation, kernel: Kernel, scope: Scope, settings: Settings
) -> tuple[dict[str, Any], tuple[Argument, ...]]:
    """The arguments that are constants, in the form the kernel takes, and those that are not.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` for a parameter that the operator does not have, or lacks, or that has the
            wrong form.
    """
    given: dict[str, tuple[Binding, ...]] = {
        **{name: (literal,) for name, literal in operation.attributes.items() if name != "name"},
        **operation.inputs,
    }
    unknown = sorted(set(given) - set(kernel.parameters))
    missing = sorted(p.name for p in kernel.parameters.values() if p.required and p.name not in given)
    if unknown or missing:
        what = f"does not know {', '.join(unknown)}" if unknown else f"needs {', '.join(missing)}"
        raise _badly_bound(operation, settings, f"{operation.type} {what}")
    constants: dict[str, Any] = dict(kernel.fixed)
    arguments = []
    for name, bindings in given.items():
        parameter = kernel.parameters[name]
        if len(bindings) != 1 and not parameter.variadic:
            raise _badly_bound(operation, settings, f"{name} takes one value and has {len(bindings)}")
        places = tuple(_place(binding, scope, operation, settings) for binding in bindings)
        if all(place in scope.constant for place in places):
            argument = Argument(parameter=parameter, places=places)
            try:
                constants[name] = _argument(argument, scope.places)
            except (TypeError, ValueError) as error:
                raise _badly_bound(operation, settings, f"{name}: {error}") from error
        else:
            arguments.append(Argument(parameter=parameter, places=places))
    return constants, tuple(arguments)


def _place(binding: Binding, scope: Scope, operation: Operation, settings: Settings) -> int:
    if isinstance(binding, Literal):
        try:
            return scope.add_constant(value_of(binding))
        except ValueError as error:
            raise _badly_bound(operation, settings, str(error)) from error
    if not scope.has(binding):
        raise _badly_bound(operation, settings, f"it reads {binding}, which nothing before it makes")
    return scope.place(binding)


def make_step(operation: Operation, scope: Scope, bodies: Sequence[Body], settings: Settings) -> Step:
    """The step of an operator; its outputs get places in `scope`."""
    kernel = kernel_of(operation, settings)
    constants, arguments = bind(operation, kernel, scope, settings)
    if bodies and not kernel.context:
        raise _badly_bound(operation, settings, "it has nested blocks, and the operator takes none")
    if kernel.context:
        constants[kernel.context] = Context(
            outputs=operation.outputs, bodies=bodies, precision=settings.precision, generator=settings.generator
        )
    rounding: Rounding = settings.precision
    function = kernel.function
    if settings.simulate is not None and settings.simulate(operation):
        rounding, function, constants = "float16", in_float16(function), to_float16_all(constants)
    outputs = tuple(
        (scope.define(output.name), finisher(output, rounding, exact=kernel.exact)) for output in operation.outputs
    )
    return Step(operation=operation, function=function, constants=constants, arguments=arguments, outputs=outputs)


def read_names(operation: Operation) -> set[str]:
    """The names that an operator reads, those that its blocks read included."""
    names = {b for bindings in operation.inputs.values() for b in bindings if isinstance(b, str)}
    for block in operation.blocks:
        names |= block_names(block)
    return names


def block_names(block: Block) -> set[str]:
    """The names that a block and those inside of it read, their own included."""
    return set(block.outputs).union(*(read_names(operation) for operation in block.operations))


def _badly_bound(operation: Operation, settings: Settings, why: str) -> PortproofError:
    return PortproofError(
        "E-OP-UNSUPPORTED",
        f"operator {operation.type} cannot be run as it is written",
        where=f"{settings.where}: {operation.name}",
        why=why,
        hint="check that the file is whole, and which tool wrote it",
    )

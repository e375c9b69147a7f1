"""Where kernels of MIL operators are found: a new operator is one function in `ops/`, imported by being there."""

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from portproof.runtimes.coreml.program import OPSETS
from portproof.runtimes.coreml.signature import Parameter, read_signature

K = TypeVar("K", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """What computes one operator from operator set `since` on, until the next kernel of the same operator.

    Attributes:
        op_type: the MIL operator.
        since: one of `program.OPSETS`.
        function: the kernel.
        exact: whether its results are float16 numbers when its inputs are, so that nothing is to be rounded.
        parameters: what the operator takes, by name.
        fixed: keyword arguments that the registration adds: `op_type` where the kernel asks for it.
        context: name of the parameter that takes the `Context`, empty when it takes none.
    """

    op_type: str
    since: str
    function: Callable[..., Any]
    exact: bool
    parameters: Mapping[str, Parameter]
    fixed: Mapping[str, Any]
    context: str


_KERNELS: dict[str, list[Kernel]] = {}


def mil_op(*op_types: str, since: str = "CoreML5", exact: bool = False) -> Callable[[K], K]:
    """Registers a kernel.

    Its parameters are the operator's, under MIL's names; a default makes one optional, and is MIL's default. The
    annotation says in which form it comes: ``torch.Tensor``, ``int``, ``float``, ``bool``, ``str``, ``list[int]``,
    ``list[float]``, ``list[bool]``, ``list[str]``, ``list[torch.Tensor]`` (variadic), ``Any`` (as it is: lists,
    states), ``list[Any]`` (variadic, as they are), each also with ``| None``. A parameter annotated
    `context.Context` gets the operator's surroundings.
    Float16 values come as float32 tensors that hold float16 numbers.

    It returns the operator's output, or a tuple of them. Float results may be of any float type: they are brought to
    the declared one, and rounded where the precision asks for that.

    Args:
        op_types: names in MIL; a kernel of several takes the keyword `op_type`.
        since: the first operator set with this meaning.
        exact: see `Kernel`.
    """

    def register(function: K) -> K:
        parameters, context, wants_type = read_signature(function)
        for op_type in op_types:
            fixed = {"op_type": op_type} if wants_type else {}
            kernel = Kernel(
                op_type=op_type,
                since=since,
                function=function,
                exact=exact,
                parameters=parameters,
                fixed=fixed,
                context=context,
            )
            _add(kernel)
        return function

    return register


def _add(kernel: Kernel) -> None:
    kernels = _KERNELS.setdefault(kernel.op_type, [])
    if any(known.since == kernel.since for known in kernels):
        raise KeyError(f"{kernel.op_type} since {kernel.since} is registered twice")
    kernels.append(kernel)
    kernels.sort(key=lambda known: OPSETS.index(known.since))


@functools.cache
def load_kernels() -> None:
    """Imports every module of `ops/`; a second call is free."""
    package = importlib.import_module("portproof.runtimes.coreml.ops")
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda found: found.name):
        importlib.import_module(f"{package.__name__}.{module.name}")


def find(op_type: str, opset: str) -> Kernel | None:
    """The kernel of an operator as operator set `opset` defines it, or None."""
    load_kernels()
    age = OPSETS.index(opset)
    kernels = [kernel for kernel in _KERNELS.get(op_type, []) if OPSETS.index(kernel.since) <= age]
    return kernels[-1] if kernels else None


def supported() -> dict[str, tuple[str, ...]]:
    """Every operator, with the operator sets at which its meaning changes."""
    load_kernels()
    return {op_type: tuple(kernel.since for kernel in _KERNELS[op_type]) for op_type in sorted(_KERNELS)}

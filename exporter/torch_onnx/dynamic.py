"""Dynamic dimensions in torch's terms: what torch.export is told of them, and what it says when it cannot keep one."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.inputs import DeclaredInput, dims_of
from portproof.exporter.torch_onnx.example import Example
from portproof.exporter.torch_onnx.failure import failing_line
from portproof.runtimes.dims import Dim

_LEAST = 2
"""torch takes 0 and 1 in an example for sizes that are meant to be fixed."""
_USUAL = (6, 48, 96, 80, 40, 36)
"""Sizes to trace with where neither the example nor the range says one; no two dimensions share one by chance."""


def trace_sizes(declared: Sequence[DeclaredInput], shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """A size to trace each dynamic dimension with: the example's where it will do.

    Args:
        declared: the declarations of the command line.
        shapes: of the example inputs, by name.
    """
    dims = {dim.name: dim for dim in dims_of(declared)}
    given = given_sizes(declared, shapes)
    found: dict[str, int] = {}
    for place, dim in enumerate(dims.values()):
        usual = given.get(dim.name, 1)
        free = dim.admits(usual) and usual >= _LEAST and usual not in found.values()
        near = usual if usual >= _LEAST else _USUAL[place % len(_USUAL)]
        found[dim.name] = usual if free else _free(dim, near, set(found.values()))
    return found


def given_sizes(declared: Sequence[DeclaredInput], shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """The size of each dynamic dimension in the user's own example."""
    found: dict[str, int] = {}
    for d in declared:
        for size, have in zip(d.shape, shapes.get(d.name, ()), strict=False):
            if isinstance(size, str):
                found.setdefault(size, have)
    return found


def _free(dim: Dim, usual: int, taken: set[int]) -> int:
    """A size near `usual` that the dimension admits and no other one has, where there is such."""
    size = max(dim.nearest(usual), dim.low + dim.step if dim.low < _LEAST else dim.low)
    for candidate in (size, *(size + n * dim.step for n in (1, -1, 2, -2))):
        if dim.admits(candidate) and candidate >= _LEAST and candidate not in taken:
            return candidate
    return size


def dynamic_shapes(module: Any, example: Example, declared: Sequence[DeclaredInput]) -> dict[str, Any] | None:
    """What `torch.export.export` takes as `dynamic_shapes`; None when every size is fixed.

    `Dim.DYNAMIC` refuses to make a constant of a size, and takes conditions that torch finds on the way (a size that is
    not 1, an even one) as they are; what comes of them is proven at other sizes.
    """
    import torch

    if all(d.is_static for d in declared):
        return None
    dynamic: Any = torch.export.Dim.DYNAMIC
    made = {dim.name: dynamic(min=dim.low, max=dim.high) for dim in dims_of(declared)}
    by_name = {d.name: {n: made[s] for n, s in enumerate(d.shape) if isinstance(s, str)} for d in declared}
    bound = inspect.signature(module.forward).bind(*example.args, **example.kwargs)
    return {
        name: by_name.get(name) if isinstance(value, torch.Tensor) else None for name, value in bound.arguments.items()
    }


def not_kept(error: BaseException, declared: Sequence[DeclaredInput]) -> PortproofError | None:
    """E-SHAPE-DYNAMIC for what torch's exception says of declared dimensions; None when it is about something else."""
    text = "\n".join(str(cause) for cause in (error, error.__cause__, error.__context__) if cause is not None)
    found = {
        size: _sentence(text, place)
        for d in declared
        for axis, size in enumerate(d.shape)
        if isinstance(size, str) and (place := f"L['{d.name}'].size()[{axis}]") in text
    }
    if not found:
        return None
    return PortproofError.of([_message(name, sentence, failing_line(error)) for name, sentence in found.items()])


def _sentence(text: str, place: str) -> str:
    """What torch says of a size, without its advice to programs that call it."""
    lines = [line.strip(" -").split(". If you're")[0] for line in text.splitlines() if place in line]
    said = [line for line in lines if not line.startswith("Constraints violated")]
    return (said or lines)[0]


def _message(name: str, sentence: str, where: str) -> Message:
    return Message(
        code="E-SHAPE-DYNAMIC",
        what=f"torch does not keep {name} dynamic",
        where=where,
        why=sentence,
        hint=f"Declare a number for {name}, or write the model without what holds for one size only: a Python number "
        "(view(1, -1) where x.shape[0] is meant), a loop over a dimension, an LSTM over a dynamic time.",
        details={"dim": name, "target": "torch"},
    )

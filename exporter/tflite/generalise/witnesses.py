"""The sizes that a model with dynamic dimensions is lowered at, to see what of it depends on them."""

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from portproof.runtimes.dims import Dim

Sizes = dict[str, int]

_PLACES = (0.42, 0.93, 0.11, 0.67, 0.28, 0.79)
"""Where in its range a dimension is put, irregularly: no two differences are equal."""
_COUNT = len(_PLACES)
_BATCH, _LENGTH, _IMAGE = (4, 40), (40, 200), (100, 400)
"""For a dimension without a limit: from, to. An image must be larger than what a network divides it by."""


def witnesses(model: ir.Model, dims: Sequence[Dim]) -> list[Sizes]:
    """Assignments of sizes to all dimensions, six generic ones, then the largest sizes there are.

    Sizes of one dimension are all different, odd and even, and within its range, but for ranges too narrow for that: a
    batch of 1 to 4 is lowered at larger ones too. 1 is never used, since a size of 1 broadcasts. The first is within
    all ranges: the file may be written with its sizes. The largest sizes make constants from which those of all
    smaller sizes may be cut.
    """
    usual = _usual(model)
    columns = {dim.name: _column(dim, usual.get(dim.name, _LENGTH), shift) for shift, dim in enumerate(dims)}
    found = [{name: column[row] for name, column in columns.items()} for row in range(_COUNT)]
    top = {dim.name: dim.last if dim.high is not None else max(columns[dim.name]) for dim in dims}
    return [found[0], *(sizes for sizes in found[1:] if sizes != top), top]


def smallest(dims: Sequence[Dim]) -> Sizes | None:
    """The smallest sizes but 1, which a graph need not be alike at; None where nobody gave them."""
    if not any(dim.low > 1 for dim in dims):
        return None
    return {dim.name: dim.low if dim.low > 1 else dim.low + dim.step for dim in dims}


def _usual(model: ir.Model) -> Mapping[str, tuple[int, int]]:
    """What sizes a dimension without a limit usually has, by where it stands in the inputs."""
    found: dict[str, tuple[int, int]] = {}
    for value in model.graph.inputs:
        dims = list(value.shape) if value.shape is not None else []
        for axis, size in enumerate(dims):
            if not isinstance(size, int) and size.value is not None:
                inner = _IMAGE if len(dims) >= 4 else _LENGTH
                found.setdefault(size.value, _BATCH if axis == 0 else inner)
    return found


def _column(dim: Dim, usual: tuple[int, int], shift: int) -> list[int]:
    """The sizes of one dimension; `shift` keeps two dimensions of the same range apart."""
    first, last = _bounds(dim, usual)
    chosen: list[int] = []
    for row in range(_COUNT):
        place = _PLACES[(row + 2 * shift) % _COUNT]
        number = round(first + place * (last - first))
        number += (number + row + shift) % 2 if number < last else 0  # odd and even
        while number in chosen:
            number = number + 1 if number < last else first
        chosen.append(number)
    if not dim.admits(dim.low + chosen[0] * dim.step):
        chosen[0] = (dim.last - dim.low) // dim.step
    return [dim.low + number * dim.step for number in chosen]


def _bounds(dim: Dim, usual: tuple[int, int]) -> tuple[int, int]:
    """From which to which step to choose: the upper part of a wide range, beyond a narrow one."""
    least = 0 if dim.low > 1 else -(-1 // dim.step)
    if dim.high is None:
        low, high = (max(dim.low, size) - dim.low for size in usual)
        first = max(least, low // dim.step)
        return first, first + max((high - low) // dim.step, 3 * dim.low // dim.step, _COUNT + 2)
    steps = (dim.last - dim.low) // dim.step
    if steps < 2 * _COUNT:
        return least, max(steps, least + _COUNT + 2)
    return max(least, steps // 4), steps

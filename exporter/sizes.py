"""The sizes that a model with dynamic dimensions is proven at."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.runtimes.dims import Dim

if TYPE_CHECKING:
    import onnx_ir as ir

_USUAL = 64
"""An image or a sequence for which nothing says how large it is."""

Arrays = Mapping[str, NDArray[Any]]
Sizes = dict[str, int]
_WITHOUT_LIMIT = (128, 24)
"""How far to go where a dimension has no limit: a side of an image to a multiple of what divides it, a batch less."""


def symbols_of(model: "ir.Model") -> dict[str, tuple[int | str, ...]]:
    """The shape of each input by name: numbers, and the names of dynamic dimensions."""
    return {
        value.name or "": tuple(size if isinstance(size, int) else str(size.value) for size in value.shape or ())
        for value in model.graph.inputs
        if not value.is_initializer()
    }


def sizes_at(model: "ir.Model", shapes: Mapping[str, Sequence[int]]) -> Sizes:
    """The size of each dynamic dimension in inputs of given shapes."""
    return {
        name: size
        for key, shape in symbols_of(model).items()
        if key in shapes
        for name, size in zip(shape, shapes[key], strict=True)
        if isinstance(name, str)
    }


def sizes_of_samples(model: "ir.Model", samples: Iterable[Mapping[str, Sequence[int]]]) -> list[Sizes]:
    """Every combination of sizes among the shapes of samples, in the order of their first appearance."""
    found: list[Sizes] = []
    for shapes in samples:
        sizes = sizes_at(model, shapes)
        found += [sizes] if sizes and sizes not in found else []
    return found


def proving_sizes(model: "ir.Model", dims: Sequence[Dim]) -> list[Sizes]:
    """Sizes to prove a model at: the smallest, the largest, one between, and all dimensions as equal as they can be.

    Without an upper limit, a size that is not far from the lower one stands for the largest.
    """
    if not dims:
        return []
    top = {dim.name: _largest(dim, _is_inner(model, dim)) for dim in dims}
    low = {dim.name: dim.low for dim in dims}
    between = {
        dim.name: dim.nearest(_USUAL)
        if dim.high is None and _is_inner(model, dim)
        else dim.nearest(dim.low + round((top[dim.name] - dim.low) * (0.37 + 0.21 * (n % 3))))
        for n, dim in enumerate(dims)
    }
    middle = max(low.values()) + 1
    equal = {dim.name: dim.nearest(middle) for dim in dims}
    found: list[Sizes] = []
    for sizes in (low, top, between, equal):
        found += [] if sizes in found else [sizes]
    return found


def _largest(dim: Dim, inner: bool) -> int:
    if dim.high is not None:
        return dim.last
    return dim.nearest(max(2 * dim.low, _WITHOUT_LIMIT[0]) if inner else 2 * dim.low + _WITHOUT_LIMIT[1])


def _is_inner(model: "ir.Model", dim: Dim) -> bool:
    """Whether the dimension is one of an image's: not the first of its input."""
    return any(dim.name in shape[1:] for shape in symbols_of(model).values())


def representative(
    model: "ir.Model", dims: Sequence[Dim], example: Arrays | None, usual: Mapping[str, int] | None = None
) -> Sizes:
    """The sizes that a file has until it is told others: the smallest batch, else `usual`, else the example's."""
    given = {} if example is None else sizes_at(model, {name: array.shape for name, array in example.items()})
    found = {}
    for dim in dims:
        size = given.get(dim.name, dim.nearest(_USUAL) if dim == Dim(name=dim.name) else dim.low)
        found[dim.name] = (usual or {}).get(dim.name, size) if _is_inner(model, dim) else dim.low
    return found


def shown_sizes(
    model: "ir.Model", dims: Sequence[Dim], example: Arrays | None, usual: Mapping[str, int] | None = None
) -> list[Sizes]:
    """The sizes that a model is proven at, the representative ones first; none for fixed sizes."""
    chosen = [representative(model, dims, example, usual)] if dims else []
    return chosen + [sizes for sizes in proving_sizes(model, dims) if sizes not in chosen]


def resized(example: Arrays, model: "ir.Model", sizes: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    """`example` with the dynamic dimensions at `sizes`; its values are repeated."""
    shapes = symbols_of(model)
    return {
        name: np.resize(array, [sizes[size] if isinstance(size, str) else size for size in shapes[name]])
        for name, array in example.items()
    }


def blank(model: "ir.Model", sizes: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    """Zeros for the inputs of a model, the dynamic dimensions at `sizes`."""
    shapes = symbols_of(model)
    return {
        name: np.zeros([sizes[size] if isinstance(size, str) else size for size in shapes[name]], value.dtype.numpy())
        for value in model.graph.inputs
        if (name := value.name or "") in shapes and value.dtype is not None
    }


def examples(model: "ir.Model", example: Arrays | None, dims: Sequence[Dim]) -> list[dict[str, NDArray[Any]]]:
    """One example at each size that a model is proven at, none for fixed sizes: see `shown_sizes`."""
    chosen = shown_sizes(model, dims, example)
    return [blank(model, sizes) if example is None else resized(example, model, sizes) for sizes in chosen]

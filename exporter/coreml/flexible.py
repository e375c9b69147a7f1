"""Sizes that a package leaves open: ranges where every size is allowed, else all shapes by name.

Core ML wants an end for every range (of ML Programs; the older formats did not). It has no steps: sizes that are some
steps apart are enumerated, at most `MOST_SHAPES` combinations of them.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.coreml.images import image_type
from portproof.exporter.coreml.interface import Port
from portproof.exporter.coreml.targets import at_least
from portproof.runtimes.dims import Dim

MOST_SHAPES = 128
"""As many shapes an input can enumerate."""


@dataclass(frozen=True, kw_only=True)
class Flexible:
    """The dimensions that stay open.

    Attributes:
        dims: in the order of the declaration.
        symbols: what MIL has for each, by name.
    """

    dims: tuple[Dim, ...] = ()
    symbols: Mapping[str, Any]

    @property
    def limits(self) -> dict[Any, int]:
        """The largest size that each symbol stands for."""
        return {self.symbols[dim.name]: dim.high for dim in self.dims if dim.high is not None}

    @property
    def enumerated(self) -> bool:
        """Whether shapes are enumerated: a range cannot say what is allowed."""
        return any(dim.step != 1 for dim in self.dims)


def flexible(dims: Sequence[Dim]) -> Flexible:
    """The symbols of dimensions.

    Raises:
        PortproofError: ``E-SHAPE-DYNAMIC`` for a dimension without an end, or too many shapes to enumerate.
    """
    from coremltools.converters.mil.mil import get_new_symbol

    faults = [_endless(dim) for dim in dims if dim.high is None]
    made = Flexible(dims=tuple(dims), symbols={dim.name: get_new_symbol() for dim in dims})
    if not faults and made.enumerated and math.prod(len(_sizes(dim)) for dim in dims) > MOST_SHAPES:
        faults = [_too_many(dims)]
    if faults:
        raise PortproofError.of(faults)
    return made


def input_types(given: Mapping[str, Any], ports: Sequence[Port], open_sizes: Flexible, target: str) -> list[Any]:
    """What coremltools must be told: of pictures, and of arrays with open sizes.

    Args:
        given: the inputs of the program, by name.
        ports: the inputs.
        open_sizes: the dimensions.
        target: the oldest release that must run the package.

    Raises:
        PortproofError: ``E-SHAPE-DYNAMIC`` for several inputs with enumerated shapes in front of iOS18.
    """
    names = {symbol: name for name, symbol in open_sizes.symbols.items()}
    axes = {port.name: [names.get(size, size) for size in given[port.name].shape] for port in ports}
    open_ports = [port for port in ports if any(isinstance(size, str) for size in axes[port.name])]
    if open_sizes.enumerated and len(open_ports) > 1 and not at_least(target, "iOS18"):
        raise PortproofError(
            "E-SHAPE-DYNAMIC",
            f"{' and '.join(port.source for port in open_ports)} have sizes to be enumerated",
            why=f"packages for {target} have one input at most with enumerated shapes",
            hint="write the package for iOS18, or allow every size of a range (a step of 1)",
        )
    shapes = {port.name: _shape(axes[port.name], open_sizes) for port in open_ports}
    return [
        _type(port, shapes.get(port.name, tuple(axes[port.name])))
        for port in ports
        if port.name in shapes or port.image is not None
    ]


def _type(port: Port, shape: Any) -> Any:
    import coremltools as ct

    if port.image is not None:
        return image_type(port.name, port.image, shape)
    return ct.TensorType(name=port.name, shape=shape, dtype=np.dtype(port.dtype).type)


def _shape(axes: Sequence[Any], open_sizes: Flexible) -> Any:
    import coremltools as ct

    dims = {dim.name: dim for dim in open_sizes.dims}
    if not open_sizes.enumerated:
        ranges = {name: ct.RangeDim(lower_bound=dim.low, upper_bound=dim.high) for name, dim in dims.items()}
        return ct.Shape([ranges[size] if isinstance(size, str) else int(size) for size in axes])
    shapes = []
    for sizes in itertools.product(*(_sizes(dim) for dim in open_sizes.dims)):
        at = dict(zip(dims, sizes, strict=True))
        shapes.append(tuple(at[size] if isinstance(size, str) else int(size) for size in axes))
    return ct.EnumeratedShapes(shapes=shapes, default=shapes[0])


def _sizes(dim: Dim) -> range:
    return range(dim.low, dim.last + 1, dim.step)


def _endless(dim: Dim) -> Message:
    return Message(
        code="E-SHAPE-DYNAMIC",
        what=f"{dim} has no largest size",
        why="Core ML sets memory aside for the largest size of a range, and takes none without an end",
        hint=f"say how large it gets: {dim.name}:{dim.low}..512",
    )


def _too_many(dims: Sequence[Dim]) -> Message:
    count = math.prod(len(_sizes(dim)) for dim in dims)
    return Message(
        code="E-SHAPE-DYNAMIC",
        what=f"{', '.join(map(str, dims))} make {count} shapes",
        why=f"an input enumerates {MOST_SHAPES} at most",
        hint="take larger steps, fewer dimensions, or steps of 1: a range holds any number of sizes",
    )

"""Conditions of integer kernels that a list cannot say: one function each, named in `rules/integer-*.toml`.

Each takes what is known of a node and returns why the kernel does not take it, empty where it does.
A shape or a size that is not known is given the benefit of the doubt only where the function says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

Shape = Sequence[int | None] | None


@dataclass(frozen=True, kw_only=True)
class Site:
    """What is known of one ONNX node before it is quantized.

    Attributes:
        op: its type.
        attributes: by name: numbers, strings, lists of them; defaults of the schema may be left out.
        inputs: shapes of its inputs, None where not known (or the input is left out); a size is None when open.
        outputs: shapes of its outputs.
        constants: which inputs are constant: indices.
        values: small constant inputs (axes, pads) by index, flattened.
    """

    op: str
    attributes: Mapping[str, object] = field(default_factory=dict)
    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    constants: frozenset[int] = frozenset()
    values: Mapping[int, tuple[float, ...]] = field(default_factory=dict)

    def shape(self, index: int) -> Shape:
        """The shape of an input, None where not known or not there."""
        return self.inputs[index] if index < len(self.inputs) else None


LIMITS: dict[str, Callable[[Site], str]] = {}


def _limit(function: Callable[[Site], str]) -> Callable[[Site], str]:
    LIMITS[function.__name__] = function
    return function


@_limit
def constant_weights(site: Site) -> str:
    """Weights (the second input) are constant."""
    return "" if 1 in site.constants else f"the weights of {site.op} are no constant"


@_limit
def spatial_mean(site: Site) -> str:
    """A mean over both spatial axes of a channels-first tensor of four axes, as images are pooled."""
    shape = site.shape(0)
    if shape is None or len(shape) != 4:
        return "a mean of tensors that have not four axes"
    axes = site.attributes.get("axes") or site.values.get(1)
    if not isinstance(axes, Sequence):
        return "a mean over axes that are not known"
    found = sorted(int(axis) % 4 for axis in axes)
    return "" if found == [2, 3] else f"a mean over the axes {', '.join(map(str, found))}, not the spatial ones"


@_limit
def bilinear(site: Site) -> str:
    """A Resize that interpolates linearly."""
    mode = site.attributes.get("mode", "nearest")
    return "" if mode in {"linear", b"linear"} else f"a Resize of mode {mode!r}"


@_limit
def constant_padding(site: Site) -> str:
    """A Pad with a constant, not with a reflection or an edge."""
    mode = site.attributes.get("mode", "constant")
    return "" if mode in {"constant", b"constant"} else f"a Pad of mode {mode!r}"

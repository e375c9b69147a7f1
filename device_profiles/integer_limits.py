"""Conditions of integer kernels that a list cannot say: one function each, named in `rules/integer-*.toml`.

Each takes what is known of a node and returns why the kernel does not take it, empty where it does. What is not known
(an open size, a scale before calibration) is no reason against; constants that are not known to be constant are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

Shape = Sequence[int | None] | None


@dataclass(frozen=True, kw_only=True)
class Site:
    """What is known of one ONNX node.

    Attributes:
        op: its type.
        attributes: by name: numbers, strings, lists of them; defaults of the schema may be left out.
        inputs: shapes of its inputs, None where not known (or the input is left out); a size is None when open.
        outputs: shapes of its outputs.
        constants: which inputs are constant: indices.
        values: small constant inputs (axes, steps) by index, flattened.
        scales: of its quantized inputs by index; of per-channel weights the largest.
        output_scale: of its quantized output; None where not known.
    """

    op: str
    attributes: Mapping[str, object] = field(default_factory=dict)
    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    constants: frozenset[int] = frozenset()
    values: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    scales: Mapping[int, float] = field(default_factory=dict)
    output_scale: float | None = None

    def shape(self, index: int) -> Shape:
        """The shape of an input, None where not known or not there."""
        return self.inputs[index] if index < len(self.inputs) else None

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        value = self.attributes.get(name, default)
        return value if isinstance(value, int) else default

    def text(self, name: str, default: str) -> str:
        """A text attribute; ONNX's bytes are decoded."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else str(value)


Limit = Callable[[Site], str]
LIMITS: dict[str, Limit] = {}


def first_reason(names: Iterable[str], site: Site) -> str:
    """The first reason that limits, by name, have against a node; empty where they have none."""
    return next((reason for reason in (LIMITS[name](site) for name in names) if reason), "")


def _limit(function: Limit) -> Limit:
    LIMITS[function.__name__] = function
    return function


@_limit
def constant_weights(site: Site) -> str:
    """Weights (the second input) are constant."""
    return "" if 1 in site.constants else f"the weights of {site.op} are no constant"


@_limit
def two_spatial_axes(site: Site) -> str:
    """An image or a sequence, no volume: kernels are those of two spatial axes."""
    shape = site.shape(0)
    return "" if shape is None or len(shape) <= 4 else f"{site.op} over {len(shape) - 2} spatial axes"


@_limit
def ungrouped(site: Site) -> str:
    """All input channels make each output channel."""
    groups = site.integer("group", 1)
    return "" if groups == 1 else f"{site.op} in {groups} groups"


@_limit
def no_middle_groups(site: Site) -> str:
    """All channels together or each by itself: no groups of several."""
    groups, per_group = site.integer("group", 1), _channels_per_group(site)
    return f"{site.op} in {groups} groups of {per_group} channels" if groups > 1 and per_group != 1 else ""


@_limit
def dense(site: Site) -> str:
    """No depthwise convolution."""
    per_group = _channels_per_group(site)
    return "each channel by itself (depthwise)" if per_group == 1 and site.integer("group", 1) > 1 else ""


@_limit
def over_16_channels(site: Site) -> str:
    """A convolution of more than 16 input channels a group."""
    per_group = _channels_per_group(site)
    return "" if per_group is None or per_group > 16 else f"{per_group} input channels a group"


@_limit
def long_products(site: Site) -> str:
    """At least 144 products a sum: as many input channels times the size of the filter."""
    shape = site.shape(1)
    length = 1
    for size in (shape or ())[1:]:
        length *= size or 1
    return "" if shape is None or length >= 144 else f"{length} products a sum"


@_limit
def not_cubic(site: Site) -> str:
    """A Resize to the nearest or between two."""
    return "a cubic Resize" if site.text("mode", "nearest") == "cubic" else ""


@_limit
def nearest(site: Site) -> str:
    """A Resize to the nearest."""
    mode = site.text("mode", "nearest")
    return "" if mode == "nearest" else f"a Resize of mode {mode}"


@_limit
def doubled(site: Site) -> str:
    """A Resize to two, four or eight times the size, alike in both directions."""
    before, after = site.shape(0), site.outputs[0] if site.outputs else None
    if before is None or after is None or len(before) != 4:
        return ""
    factors = {new / old for old, new in zip(before[2:], after[2:], strict=True) if old and new}
    fits = len(factors) < 2 and factors <= {1.0, 2.0, 4.0, 8.0}
    return "" if fits else f"a Resize by {', '.join(f'{factor:g}' for factor in sorted(factors))}"


@_limit
def zero_padding(site: Site) -> str:
    """A Pad of height and width with zeros."""
    mode = site.text("mode", "constant")
    if mode != "constant" or any(site.values.get(2, ())):
        return f"a Pad of mode {mode}, not with zeros"
    pads = site.values.get(1, ())
    half = len(pads) // 2
    outside = [*pads[: min(2, half)], *pads[half : half + min(2, half)]] if half == 4 else []
    return "a Pad of batch or channels" if any(outside) else ""


@_limit
def two_activations(site: Site) -> str:
    """Neither operand is constant."""
    return "one operand is constant" if site.constants & {0, 1} else ""


@_limit
def spatial_axes(site: Site) -> str:
    """A reduction over both spatial axes of a channels-first image, as images are pooled."""
    shape = site.shape(0)
    if shape is None or len(shape) != 4:
        return f"{site.op} of what has not four axes"
    axes = site.attributes.get("axes") or site.values.get(1) or ()
    found = sorted(int(axis) % 4 for axis in axes) if isinstance(axes, Sequence) else []
    return "" if found == [2, 3] else f"{site.op} over axes {found}, not the spatial ones"


@_limit
def sum_ratio(site: Site) -> str:
    """XNNPACK's Add and Sub: input scale / output scale in [2^-10, 2^8)."""
    return _outside(site, list(site.scales.values()), -10, 8)


@_limit
def product_ratio(site: Site) -> str:
    """XNNPACK's Mul: product of the input scales / output scale in [2^-16, 2^8)."""
    return _outside(site, [_product(site)], -16, 8)


@_limit
def weighted_ratio(site: Site) -> str:
    """XNNPACK's convolutions and matrix products: input scale x weight scale / output scale below 2^8."""
    return _outside(site, [_product(site)], -126, 8)


@_limit
def leaky_ratio(site: Site) -> str:
    """XNNPACK's LeakyRelu: scale ratio in [2^-8, 2^7], times the slope in [-127.99, -2^-8] or [2^-8, 2^7]."""
    alpha = site.attributes.get("alpha", 0.01)
    if not site.scales or site.output_scale is None or not isinstance(alpha, float):
        return ""
    ratio = site.scales[0] / site.output_scale
    fits = 2**-8 <= ratio <= 2**7 and 2**-8 <= abs(alpha * ratio) <= 2**7
    return "" if fits else f"a slope of {alpha:g} at a scale ratio of {ratio:.3g}"


def _channels_per_group(site: Site) -> int | None:
    shape = site.shape(1)
    return shape[1] if shape is not None and len(shape) > 1 else None


def _product(site: Site) -> float:
    product = 1.0
    for scale in site.scales.values():
        product *= scale
    return product


def _outside(site: Site, scales: Iterable[float], low: int, high: int) -> str:
    """Why a scale over the output's is outside of [2^low, 2^high), empty where none is or the output's is not known."""
    if site.output_scale is None or not site.scales:
        return ""
    ratios = [scale / site.output_scale for scale in scales]
    wrong = next((ratio for ratio in ratios if not 2.0**low <= ratio < 2.0**high), None)
    return "" if wrong is None else f"a scale ratio of {wrong:.3g}, outside of [2^{low}, 2^{high})"

"""The options of an item on a unit: what its integer kernels allow, what each would weigh and cost."""

from collections.abc import Iterator

from portproof.calibration.sensitivity.mix import Item, Option, Precision
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.device_profiles.integer_limits import Site

_WEIGHT_BITS: dict[Precision, int] = {
    "int8": 8,
    "dynamic": 8,
    "int16": 8,
    "weight_only": 8,
    "float16": 16,
    "float32": 32,
}
# Of one product: bits of a weight times bits of an activation as they are multiplied, however they are stored; and half
# as much again for dynamic activations, which are read twice more to find their scale and to round them.
_PRODUCT_BITS: dict[Precision, int] = {
    "int8": 8 * 8,
    "dynamic": 8 * 12,
    "int16": 8 * 16,
    "weight_only": 32 * 32,
    "float16": 32 * 32,
    "float32": 32 * 32,
}
_SCALE_BYTES = 4


def options(rules: KernelRules, site: Site, *, has_weights: bool) -> tuple[Precision, ...]:
    """What a node may be computed in on a unit, cheapest first.

    Args:
        rules: of the unit.
        site: what is known of the node.
        has_weights: whether it is a layer with constant weights.

    Returns:
        Empty where the unit takes it in no form at all (no kernel, and nothing may be float).
    """
    return tuple(_options(rules, site, has_weights))


def _options(rules: KernelRules, site: Site, has_weights: bool) -> Iterator[Precision]:
    if not rules.refusal(site):
        yield "int8"
    if has_weights and not rules.refusal(site, None):
        yield "dynamic"
    if not rules.refusal(site, "int16"):
        yield "int16"
    if not rules.float_islands:
        return
    if has_weights and "int8" in rules.weight_only:
        yield "weight_only"
    if has_weights and "float16" in rules.weight_only:
        yield "float16"
    yield "float32"


def item(name: str, precisions: tuple[Precision, ...], *, weights: int, channels: int, products: int) -> Item:
    """An item with its options measured.

    Args:
        name: of the layer or region.
        precisions: as `options` gives them.
        weights: number of its weights.
        channels: number of scales that integer weights have.
        products: multiplications of one run; of what multiplies nothing, the elements that it makes.
    """
    return Item(
        name=name,
        options=tuple(
            Option(
                precision=precision,
                size_bytes=size_bytes(precision, weights, channels),
                cost=bit_operations(precision, products),
            )
            for precision in precisions
        ),
    )


def size_bytes(precision: Precision, weights: int, channels: int) -> int:
    """Bytes of weights in a file, with their scales where they are integers."""
    scales = channels * _SCALE_BYTES if _WEIGHT_BITS[precision] == 8 and weights else 0
    return weights * _WEIGHT_BITS[precision] // 8 + scales


def bit_operations(precision: Precision, products: int) -> float:
    """Products times the bits of both factors: the field's measure of work that no particular machine does."""
    return float(products * _PRODUCT_BITS[precision])


def products_of(option: Option) -> float:
    """The multiplications that an option's cost stands for."""
    return option.cost / _PRODUCT_BITS[option.precision]

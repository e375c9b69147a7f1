"""The predicted time of a mix of precisions, from what is predicted for the whole model in integers and in float.

A profile's cost model knows whole networks in one precision. Between the two a mix is placed by the work, products of
one run, that it leaves to each: no region's own time is known, and what conversions between the two cost is not in it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portproof.calibration.sensitivity.mix import Item, Mix
from portproof.calibration.sensitivity.options import products_of
from portproof.device_profiles.errors import PortproofError

_INTEGER = frozenset({"int8", "dynamic"})


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Predicted latencies of the whole model on a device.

    Attributes:
        integer_ms: with int8 weights and activations.
        float_ms: as its fastest float form on the same unit.
        device: for messages.
    """

    integer_ms: float
    float_ms: float
    device: str = ""

    def __post_init__(self) -> None:
        if not (self.integer_ms > 0 and self.float_ms > 0):
            raise PortproofError("E-USAGE", "a predicted latency is above 0 ms", where=self.device)


def by_share(items: Sequence[Item], pace: Pace) -> Callable[[Mix], float]:
    """The predicted latency of any mix, in ms; layers of which only the weights are integers compute in float."""
    products = {item.name: products_of(item.reference) for item in items}
    total = sum(products.values()) or 1.0

    def latency_ms(mix: Mix) -> float:
        integer = sum(products[name] for name, precision in mix.choices if precision in _INTEGER) / total
        return integer * pace.integer_ms + (1.0 - integer) * pace.float_ms

    return latency_ms

"""From targets to a plan: rank the regions of a model, search for the cheapest mix that meets the targets."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from portproof.calibration.build import Choice
from portproof.calibration.observe.histogram import Histogram
from portproof.calibration.plan import Plan
from portproof.calibration.samples import Inputs
from portproof.calibration.sensitivity.measure import Judges
from portproof.calibration.sensitivity.mix import Item, Precision
from portproof.calibration.sensitivity.pace import Pace, by_share
from portproof.calibration.sensitivity.ranking import Ranking, rank
from portproof.calibration.sensitivity.regions import RegionMixes
from portproof.calibration.sensitivity.search import Found, search
from portproof.calibration.sensitivity.targets import Targets
from portproof.calibration.sensitivity.timing import Timed, fastest
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.runtimes.progress import Progress, Silent

if TYPE_CHECKING:
    import onnx_ir as ir

RANKING = "rank layers by what they cost in each precision"
LOOKED_AT = 16  # of the samples held back
_ALL: frozenset[Precision] = frozenset({"int8", "dynamic", "int16", "weight_only", "float16", "float32"})
# What is tried where a mix is not faster than float: without conversions between layers, then without any.
_LADDER: tuple[frozenset[Precision], ...] = (
    _ALL,
    frozenset({"dynamic", "weight_only", "float16", "float32"}),
    frozenset({"weight_only", "float16", "float32"}),
)


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What to search for, and among what.

    Attributes:
        targets: bounds.
        precisions: that regions may have; float32 is always among them where the unit has float islands.
        pace: what a profile predicts for the whole model in integers and in float; None where none does.
        drop: how much less than the float model's the user's metric is, of the model of a plan; None without one.
        timed: a plan against the float model on the unit; a mix that is not faster is set aside for one of fewer
            precisions that is. None where nothing is timed.
        processor: see `RegionMixes`.
        progress: is told of the ranking, which runs the model once for most precisions of each region.
    """

    targets: Targets
    precisions: frozenset[Precision] = _ALL
    pace: Pace | None = None
    drop: Callable[[Plan], float] | None = None
    timed: Callable[[Plan], Timed | None] | None = None
    processor: str = ""
    progress: Progress = field(default_factory=Silent)


def choose(
    model: "ir.Model",
    rules: KernelRules,
    histograms: Mapping[str, Histogram],
    samples: Iterable[Inputs],
    wishes: Wishes,
    *,
    choice: Choice | None = None,
    apart: Mapping[str, str] | None = None,
    base_bytes: int | None = None,
) -> tuple[Found, Plan | None]:
    """The cheapest mix of precisions that meets the targets, and its plan: steps that better it may follow.

    Args:
        model: the prepared float model.
        rules: of the unit.
        histograms: of all that a fully static placement watches.
        samples: held back from calibration; the first 16 are looked at.
        wishes: what to search for.
        choice: how ranges are set.
        apart: regions that stay float, each with the reason.
        base_bytes: of the file without the weights of layers; None: of all other constants of the model.

    Returns:
        What was found, and the plan of the mix chosen; None where no mix meets the targets (see `Found.unmet`).

    Raises:
        PortproofError: ``E-USAGE``: a bound that nobody can judge; ``E-CALIB-NOTHING``: no region can be anything
            but float32; ``E-RUN``.
    """
    mixes = RegionMixes(
        model=model,
        rules=rules,
        histograms=histograms,
        samples=tuple(islice(samples, LOOKED_AT)),
        choice=choice or Choice(),
        apart=apart or {},
        processor=wishes.processor,
    )
    items = _allowed(mixes.items, wishes.precisions)
    if not any(len(each.options) > 1 for each in items):
        what = f"nothing of the model can be quantized for {rules.name} with the precisions allowed"
        raise PortproofError("E-CALIB-NOTHING", what, hint="allow more precisions, or choose another device")
    with wishes.progress.step(RANKING, sum(len(each.options) - 1 for each in items)) as advance:
        ranking = rank(items, replace(mixes, thrifty=False), told=lambda *_: advance())
    size = _rest(model, mixes.items) if base_bytes is None else base_bytes
    return fastest(_found(mixes, ranking, wishes, size), mixes.plan, wishes.timed)


def _found(mixes: RegionMixes, ranking: Ranking, wishes: Wishes, base_bytes: int) -> Iterator[Found]:
    """What a search finds among all precisions that are allowed, then among fewer."""
    asked = wishes.drop
    drop = (lambda mix: asked(mixes.plan(mix))) if asked else None
    for rung in _LADDER:
        items = _allowed(mixes.items, wishes.precisions & rung)
        latency = by_share(items, wishes.pace) if wishes.pace else None
        judges = Judges(sqnr_db=mixes, latency_ms=latency, drop=drop)
        yield search(items, ranking, judges, wishes.targets, base_bytes=base_bytes)


def _allowed(items: Iterable[Item], precisions: frozenset[Precision]) -> tuple[Item, ...]:
    """Items with the options that are asked for; the most precise one stays, and so does an item with that alone."""
    return tuple(
        replace(each, options=(*(o for o in each.options[:-1] if o.precision in precisions), each.reference))
        for each in items
    )


def _rest(model: "ir.Model", items: Iterable[Item]) -> int:
    """Bytes of the constants that are no item's weights."""
    constants = (value.const_value for value in model.graph.initializers.values())
    every = sum(tensor.nbytes for tensor in constants if tensor is not None)
    floats = sum(each.reference.size_bytes for each in items if each.reference.precision == "float32")
    return max(0, every - floats)

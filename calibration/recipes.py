"""Recipes by name: which form a model is quantized to, how ranges are set, and which steps are tried."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from portproof.calibration.plan import Precision
from portproof.calibration.steps import GraphStep, WeightStep
from portproof.device_profiles.errors import PortproofError

Form = Literal["static", "dynamic", "weight_only"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One rung of the ladder.

    Attributes:
        name: as it is asked for.
        summary: what it does, in a sentence.
        form: static: all scales fixed; dynamic: weights int8, activations get their scales when running;
            weight_only: weights int8, arithmetic float.
        estimator: of ranges, a key of `observe.ranges.ESTIMATORS`.
        precision: of activations.
        weight_bits: 8, or 4 (weight_only).
        graph_steps: makes the rewrites of the float model that are tried, in order.
        weight_steps: makes the corrections of weights and biases that are tried, in order.
    """

    name: str
    summary: str
    form: Form = "static"
    estimator: str = "best"
    precision: Precision = "int8"
    weight_bits: int = 8
    graph_steps: Callable[[], Sequence[GraphStep]] = tuple
    weight_steps: Callable[[], Sequence[WeightStep]] = tuple


def _bias_correction() -> Sequence[WeightStep]:
    from portproof.calibration.mean_correction import MeanCorrection

    return (MeanCorrection(),)


def _second_order() -> Sequence[WeightStep]:
    from portproof.calibration.rounding.second_order import SecondOrderRounding

    return (SecondOrderRounding(), *_bias_correction())


def _learned() -> Sequence[WeightStep]:
    from portproof.calibration.rounding.adaround_step import AdaRound

    first, *rest = _second_order()
    return (first, AdaRound(), *rest)


def _equalisation() -> Sequence[GraphStep]:
    from portproof.calibration.transforms.equalize import CrossLayerEqualisation
    from portproof.calibration.transforms.few import FewChannels
    from portproof.calibration.transforms.smooth import ScaleMigration

    return (CrossLayerEqualisation(), FewChannels(), ScaleMigration())


# With a scale for each row less has to move than with one for all: smaller shares are tried too.
_SHARES = tuple(round(0.1 * i, 1) for i in range(1, 10))


def _migration() -> Sequence[GraphStep]:
    from portproof.calibration.transforms.few import FewChannels
    from portproof.calibration.transforms.smooth import ScaleMigration

    return (FewChannels(by_row=True), ScaleMigration(_SHARES, by_row=True))


_ALL = (
    Recipe(
        name="fast",
        summary="BatchNorm folded, ranges of least squared error, bias correction where it helps",
        weight_steps=_bias_correction,
    ),
    Recipe(
        name="default",
        summary="as fast, and channels equalised, few kept apart, weights rounded by second moments where it helps",
        graph_steps=_equalisation,
        weight_steps=_second_order,
    ),
    Recipe(
        name="thorough",
        summary="as default, and the rounding of each weight learned from its layer's outputs (needs torch; minutes)",
        graph_steps=_equalisation,
        weight_steps=_learned,
    ),
    Recipe(
        name="w8a16",
        summary="as default, activations int16: for NPUs where 8 bits are too few, as for a transformer's residuals",
        precision="int16",
        graph_steps=_equalisation,
        weight_steps=_second_order,
    ),
    Recipe(
        name="dynamic",
        summary="int8 weights, rounded as by default, activations quantized when running, float where int8 costs most",
        form="dynamic",
        graph_steps=_migration,
        weight_steps=_second_order,
    ),
    Recipe(
        name="weight-only",
        summary="int8 weights, rounded as by default, float arithmetic: a quarter of the size",
        form="weight_only",
        weight_steps=_second_order,
    ),
)

RECIPES = {recipe.name: recipe for recipe in _ALL}


def find(name: str | Recipe) -> Recipe:
    """A recipe by its name; one that is given as such is given back.

    Raises:
        PortproofError: ``E-CALIB-RECIPE``.
    """
    if isinstance(name, Recipe):
        return name
    if name in RECIPES:
        return RECIPES[name]
    near = difflib.get_close_matches(name, RECIPES, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}?" if near else f"recipes are {', '.join(RECIPES)}"
    raise PortproofError("E-CALIB-RECIPE", f"no recipe is named {name!r}", hint=hint, known=list(RECIPES))

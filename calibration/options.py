"""How a model is to be quantized."""

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.calibration.recipes import Recipe
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.integer_kernels import KernelRules
from portproof.runtimes.images import Preprocessing

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.calibration.sensitivity.goal import Goal


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to quantize.

    Attributes:
        recipe: a name of `recipes.RECIPES`, or a recipe.
        device: a unit of `integer_kernels.units`, or a device profile's id; None: LiteRT with XNNPACK.
        table: a file of statistics: gone on with where it exists, written at the end and when interrupted.
        jobs: processes that watch samples; joblib's backends reach clusters.
        seed: for all that is drawn.
        allow_constant: whether a float input may hold one value only (a state that begins at zero).
        declared: the preprocessing of image inputs, which the data's ranges are held against.
        apart: names of nodes that are to stay float.
        integers: names of nodes, or of operators, that compute in integers wherever the unit can, though their
            conversions cost more than that saves: see `place.placement.place`.
        processor: the architecture that it will run on, as `platform.machine` names it: layers that are known to be
            slower in integers there stay float; "" where it may be any.
        goal: bounds to reach with the cheapest mix of precisions; None: every layer as the recipe has it.
    """

    recipe: str | Recipe = "default"
    device: str | None = None
    table: str | os.PathLike[str] | None = None
    jobs: int = 1
    seed: int = 0
    allow_constant: bool = False
    declared: Sequence[Preprocessing] = ()
    apart: Sequence[str] = ()
    integers: Sequence[str] = ()
    goal: "Goal | None" = None
    processor: str = ""


def unit_rules(device: str | None) -> KernelRules:
    """The kernels of a unit, or of the unit that a device runs int8 on.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``: no unit and no profile has this name.
    """
    from portproof.device_profiles import integer_kernels

    if device in integer_kernels.units():
        return integer_kernels.load(device)
    return integer_kernels.for_device(device)


def check_integers(options: Options, model: "ir.Model", recipe: Recipe) -> None:
    """Refuse names of `Options.integers` that would be ignored.

    Raises:
        PortproofError: ``E-USAGE``: the model has no such node and no such operator; the recipe fixes no scales; a mix
            is searched for, which decides itself.
    """
    names = options.integers
    if not names:
        return
    if options.goal is not None:
        what = "a search for a mix decides itself what computes in integers"
        raise PortproofError("E-USAGE", what, hint="leave the bounds out, or the nodes that are asked for")
    if recipe.form != "static":
        what = f"the recipe {recipe.name} computes nothing with fixed scales: no node can be asked for in integers"
        raise PortproofError("E-USAGE", what, hint="take fast, default, thorough or w8a16")
    known = {name for node in model.graph for name in (node.name or "", node.op_type)}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else "names are those of the ONNX file, or of operators"
            raise PortproofError("E-USAGE", f"the model has no node and no operator {name!r}", hint=hint)

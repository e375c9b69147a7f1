"""Keeps of a step's proposals what helps on samples that no step has seen, layer by layer, and then as a whole.

Each layer with a proposal is computed three times in one run of the quantized model: as it is, as is proposed, and
exactly, from its input before that is rounded. What comes nearer to the exact output (behind the fused activation) is
kept. That a layer comes nearer does not say that the model does: so the model's outputs decide at last, on all
layers together, and where these are worse on the halves. All proposals at once are tried too,
for a step may make up in one layer for what was lost in another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from portproof.calibration import run
from portproof.calibration.accuracy import Accuracy, Noise
from portproof.calibration.build import refit
from portproof.calibration.plan import Layer, LayerWeights, Plan
from portproof.calibration.twins import add_exact, add_twins
from portproof.calibration.workspace import Workspace, names_in
from portproof.calibration.write import write

if TYPE_CHECKING:
    from portproof.calibration.steps import Proposal

_DEEPEST = 1
_LEAST_GAIN_DB = 0.2  # less is what the choice of samples decides: it was seen to cost as much on others
_LARGE, _STRIDE = 1 << 14, 5
_NEARLY_ALL = 0.9  # of the layers are better: to try those that are not too would tell nothing new
_FOR_LAYERS = 10  # samples: a layer's output has many values in each


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one layer's proposal.

    Attributes:
        layer: its name.
        kept: whether the plan has it now.
        before_db: SQNR of the layer's output as it was, on the samples held back.
        after_db: with what was proposed.
        why: where layer and model do not agree; the model decides.
        note: the step's own.
    """

    layer: str
    kept: bool
    before_db: float
    after_db: float
    why: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Guarded:
    """A plan after a step, what it reaches, and the verdicts in the graph's order."""

    plan: Plan
    accuracy: Accuracy
    verdicts: tuple[Verdict, ...] = field(default=())


def guard(workspace: Workspace, proposals: "Sequence[Proposal]", reached: Accuracy) -> Guarded:
    """Take of `proposals` what helps.

    Args:
        workspace: with the plan as it is.
        proposals: of one step, at most one a layer.
        reached: the plan's accuracy so far.
    """
    proposed = {each.layer: _fitting(workspace.plan, each) for each in proposals}
    if not proposed:
        return Guarded(plan=workspace.plan, accuracy=reached)
    noise = _layer_noise(workspace, proposed)
    order = [name for name in workspace.plan.layers if name in proposed]
    better = [name for name in order if noise[name][1].error < noise[name][0].error]
    kept, plan, accuracy = _as_a_whole(workspace, proposed, better, reached, _DEEPEST)
    if len(better) < _NEARLY_ALL * len(order):
        every = workspace.plan.with_weights(proposed)
        found = workspace.accuracy(every)
        if found.mean_db > max(accuracy.mean_db, reached.mean_db + _LEAST_GAIN_DB):
            kept, plan, accuracy = set(order), every, found
    notes = {each.layer: each.note for each in proposals}
    verdicts = tuple(
        Verdict(
            layer=name,
            kept=name in kept,
            before_db=noise[name][0].sqnr_db,
            after_db=noise[name][1].sqnr_db,
            why=_why(name in kept, name in better),
            note=notes[name],
        )
        for name in order
    )
    return Guarded(plan=plan, accuracy=accuracy, verdicts=verdicts)


def _why(kept: bool, better: bool) -> str:
    if kept == better:
        return ""
    return "the layer comes no nearer, the model does" if kept else "the layer comes nearer, the model does not"


def _fitting(plan: Plan, proposal: "Proposal") -> LayerWeights:
    layer = plan.layers[proposal.layer]
    read = plan.activations.get(layer.input)
    return proposal.weights if read is None else refit(proposal.weights, read, layer)


def _as_a_whole(
    workspace: Workspace, proposed: Mapping[str, LayerWeights], names: Sequence[str], reached: Accuracy, depth: int
) -> tuple[set[str], Plan, Accuracy]:
    """The largest parts of `names`, by halving, that bring the model's outputs nearer."""
    if not names:
        return set(), workspace.plan, reached
    plan = workspace.plan.with_weights({name: proposed[name] for name in names})
    found = workspace.accuracy(plan)
    if found.mean_db > reached.mean_db + _LEAST_GAIN_DB:
        return set(names), plan, found
    if depth == 0 or len(names) == 1:
        return set(), workspace.plan, reached
    middle = len(names) // 2
    kept, plan, reached = _as_a_whole(workspace, proposed, names[:middle], reached, depth - 1)
    more, plan, reached = _as_a_whole(workspace.with_plan(plan), proposed, names[middle:], reached, depth - 1)
    return kept | more, plan, reached


def _layer_noise(workspace: Workspace, proposed: Mapping[str, LayerWeights]) -> dict[str, tuple[Noise, Noise]]:
    """Of each layer's output: as it is, and as proposed."""
    plan = workspace.plan
    layers = [plan.layers[name] for name in proposed]
    quantized = write(workspace.model, plan)
    names = names_in(quantized, [layer.output for layer in layers], plain=True)
    made = (add_exact(quantized, workspace.model, layers), add_twins(quantized, plan, proposed))
    twins = {layer.name: (exact.name or "", twin.name or "") for layer, exact, twin in zip(layers, *made, strict=True)}
    noise = {layer.name: (Noise(), Noise()) for layer in layers}
    wanted = dict.fromkeys([*names.values(), *(name for pair in twins.values() for name in pair)])
    for found in run.stream(quantized, list(wanted), islice(workspace.held_back(), _FOR_LAYERS)):
        for layer in layers:
            target, proposal = (_clipped(found[name], layer) for name in twins[layer.name])
            noise[layer.name][0].add(target, _clipped(found[names[layer.output]], layer))
            noise[layer.name][1].add(target, proposal)
    return noise


def _clipped(array: NDArray[np.float32], layer: Layer) -> NDArray[np.float32]:
    """A layer's output behind its activation; of a large one every fifth value, which tells as much."""
    array = array.reshape(-1)[:: _STRIDE if array.size > _LARGE else 1]
    return array if layer.clip is None else np.clip(array, np.float32(layer.clip[0]), np.float32(layer.clip[1]))

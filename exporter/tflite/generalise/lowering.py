"""One witness: the model at fixed sizes, lowered by the ordinary way."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.lowering.patterns import recognised
from portproof.exporter.passes.graph import nodes, shape_of
from portproof.exporter.pinning import pinned_at
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.tflite.generalise.observe import Mismatch
from portproof.exporter.tflite.generalise.refused import message
from portproof.exporter.tflite.generalise.witnesses import Sizes
from portproof.exporter.tflite.integer.dynamic import with_dynamic_layers
from portproof.exporter.tflite.layout.assign import IoPerms, LayoutMismatch, assign_layouts
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.make.window import for_any_size
from portproof.exporter.tflite.passes.pipeline import after_layout, before_layout
from portproof.exporter.tflite.values import array_of
from portproof.runtimes.dims import text_of

_STEP = "Give the dimension the step that the model needs: H:64..512:32."


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a witness is lowered: some choices are right at one size, and not at the next.

    Attributes:
        fold: whether what depends on sizes is computed beforehand, or only the sizes themselves.
        generic: whether handlers must not use that sizes happen to fit (SAME in place of explicit pads).
    """

    fold: bool
    generic: bool


def lowered_at(
    model: ir.Model, sizes: Sizes, form: Form, *, free_io: bool, decision: IoPerms | None = None
) -> tuple[ir.Model, IoPerms]:
    """The graph at `sizes`, its weights shared with the model, and how it is stored.

    Args:
        model: the sizes of its inputs are numbers or names of `sizes`.
        sizes: of all dynamic dimensions.
        form: see `Form`.
        free_io: whether inputs and outputs of rank 4 may become channels-last.
        decision: how another witness is stored, which this one must be too.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED``.
        Mismatch: the decision does not do at these sizes.
    """
    pinned = run_passes(pinned_at(model, sizes), fold_data=form.fold)
    _check_sizes(pinned, sizes)
    try:
        with for_any_size(form.generic):
            lowered = before_layout(lower(with_dynamic_layers(recognised(pinned))))
    except PortproofError as error:
        raise PortproofError.of([_at(found, sizes) for found in error.messages]) from error
    try:
        decided = assign_layouts(lowered, free_io=free_io, decided=decision.configs if decision else None)
    except LayoutMismatch as mismatch:
        raise Mismatch(mismatch.node, str(mismatch)) from mismatch
    return after_layout(lowered), decided


def _check_sizes(model: ir.Model, sizes: Sizes) -> None:
    """Refuse sizes at which the model itself makes no sense: shapes are inferred, not proven, before a model runs.

    Raises:
        PortproofError: E-SHAPE-DYNAMIC.
    """
    found = []
    for node in nodes(model, "Reshape"):
        before, wanted = shape_of(node.inputs[0]), array_of(node.inputs[1])
        if before is not None and wanted is not None and not _fits(before, wanted.tolist()):
            why = f"at {text_of(sizes)} the model reshapes {list(before)} to {wanted.tolist()}"
            found.append(message(node, why, _STEP))
    if found:
        raise PortproofError.of(found)


def _fits(before: Sequence[int], wanted: Sequence[int]) -> bool:
    """Whether as many elements are wanted as there are: 0 copies a size, -1 takes what is left."""
    copied = [before[axis] if size == 0 and axis < len(before) else size for axis, size in enumerate(wanted)]
    rest = math.prod(size for size in copied if size != -1)
    total = math.prod(before)
    return rest == total if -1 not in copied else rest == 0 or total % rest == 0


def _at(found: Message, sizes: Sizes) -> Message:
    """A refusal, with the sizes it is about: they may be larger than the model takes."""
    limit = f"It was met at {text_of(sizes)}; where the model has a limit, declare it: {next(iter(sizes))}:1..64."
    return replace(found, hint=f"{found.hint.rstrip('.')}. {limit}" if found.hint else limit)

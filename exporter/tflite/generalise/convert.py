"""A model with dynamic dimensions to one graph of the `tfl` dialect that is right at all their sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.pinning import pinned_at
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.tflite.generalise.observe import Mismatch, Observation
from portproof.exporter.tflite.generalise.refused import message
from portproof.exporter.tflite.generalise.repair import repair
from portproof.exporter.tflite.generalise.shapes import mark, represent
from portproof.exporter.tflite.generalise.witnesses import Sizes, witnesses
from portproof.exporter.tflite.layout.assign import IoPerms, LayoutMismatch, assign_layouts
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.make.window import for_any_size
from portproof.exporter.tflite.passes.pipeline import after_layout, before_layout
from portproof.exporter.tflite.patterns import recognised
from portproof.runtimes.dims import Dim, text_of


@dataclass(frozen=True, kw_only=True)
class _Form:
    """How a witness is lowered: some choices are right at one size, and not at the next.

    Attributes:
        fold: whether what depends on sizes is computed beforehand, or only the sizes themselves.
        generic: whether handlers must not use that sizes happen to fit (SAME in place of explicit pads).
    """

    fold: bool
    generic: bool


_FORMS = (_Form(fold=True, generic=False), _Form(fold=True, generic=True), _Form(fold=False, generic=True))
"""The faster form first."""


def generalised(
    model: ir.Model, dims: Sequence[Dim], *, free_io: bool, representative: Mapping[str, int] | None = None
) -> tuple[ir.Model, IoPerms]:
    """Lowers `model` at several sizes, and makes one graph of them.

    Args:
        model: simplified; the sizes of its inputs are numbers or names of `dims`.
        dims: the dynamic dimensions.
        free_io: whether inputs and outputs of rank 4 may become channels-last.
        representative: the sizes that the tensors of the file are given; those of the first lowering when None.

    Returns:
        The graph, with `shape_signature` noted on its tensors, and the layouts of its inputs and outputs.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED``; ``E-SHAPE-DYNAMIC``, naming each operator that cannot follow the sizes.
    """
    found: list[Message] = []
    for form in _FORMS:
        try:
            seen, perms = _in_form(model, dims, form, free_io=free_io)
        except PortproofError as error:
            if error.code != "E-SHAPE-DYNAMIC":
                raise
            found = list(error.messages)
        else:
            represent(seen, representative or {})
            return seen.model, perms
    raise PortproofError.of(found)


def _in_form(model: ir.Model, dims: Sequence[Dim], form: _Form, *, free_io: bool) -> tuple[Observation, IoPerms]:
    first, *others = witnesses(model, dims)
    lowered, decision = _lowered(model, first, form, free_io=free_io)
    seen = Observation.of(lowered, first)
    seen.bounded = all(dim.high is not None for dim in dims)
    for sizes in others:
        try:
            other, _ = _lowered(model, sizes, form, free_io=free_io, decision=decision)
            seen.add(other, sizes)
        except Mismatch as mismatch:
            why = f"{mismatch.why} ({text_of(first)} beside {text_of(sizes)})"
            raise PortproofError.of([message(mismatch.node, why)]) from mismatch
    repair(seen)
    mark(seen)
    return seen, decision


def _lowered(
    model: ir.Model, sizes: Sizes, form: _Form, *, free_io: bool, decision: IoPerms | None = None
) -> tuple[ir.Model, IoPerms]:
    """The ordinary way of a model with fixed sizes; layouts as decided for the first."""
    pinned = run_passes(pinned_at(model, sizes), fold_data=form.fold)
    try:
        with for_any_size(form.generic):
            lowered = before_layout(lower(recognised(pinned)))
    except PortproofError as error:
        raise PortproofError.of([_at(found, sizes) for found in error.messages]) from error
    try:
        decided = assign_layouts(lowered, free_io=free_io, decided=decision.configs if decision else None)
    except LayoutMismatch as mismatch:
        raise Mismatch(mismatch.node, str(mismatch)) from mismatch
    return after_layout(lowered), decided


def _at(found: Message, sizes: Sizes) -> Message:
    """A refusal, with the sizes it is about: they may be larger than the model takes."""
    limit = f"It was met at {text_of(sizes)}; where the model has a limit, declare it: {next(iter(sizes))}:1..64."
    return replace(found, hint=f"{found.hint.rstrip('.')}. {limit}" if found.hint else limit)

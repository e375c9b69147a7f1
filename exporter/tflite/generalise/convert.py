"""A model with dynamic dimensions to one graph of the `tfl` dialect that is right at all their sizes."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import onnx_ir as ir

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.pinning import pinned_at
from portproof.exporter.tflite.generalise.lowering import Form, lowered_at
from portproof.exporter.tflite.generalise.observe import Mismatch, Observation
from portproof.exporter.tflite.generalise.refused import CODE, message
from portproof.exporter.tflite.generalise.repair import repair
from portproof.exporter.tflite.generalise.shapes import mark, represent
from portproof.exporter.tflite.generalise.witnesses import smallest, witnesses
from portproof.exporter.tflite.layout.assign import IoPerms
from portproof.runtimes.dims import Dim, text_of

_FORMS = (Form(fold=True, generic=False), Form(fold=True, generic=True), Form(fold=False, generic=True))
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
    try:
        seen, perms = _in_some_form(model, dims, free_io=free_io)
    except PortproofError as error:
        if error.code != CODE or len(dims) == 1:
            raise
        raise PortproofError.of(_by_dimension(model, dims, free_io) or error.messages) from error
    represent(seen, representative or {})
    return seen.model, perms


def _by_dimension(model: ir.Model, dims: Sequence[Dim], free_io: bool) -> list[Message]:
    """What is in the way of each dimension by itself, the others being fixed; those without are told to stay."""
    first = witnesses(model, dims)[0]
    wrong: dict[str, tuple[Message, ...]] = {}
    for dim in dims:
        others = {name: size for name, size in first.items() if name != dim.name}
        try:
            _in_some_form(pinned_at(model, others), [dim], free_io=free_io)
        except PortproofError as error:
            wrong[dim.name] = error.messages
    free = [dim.name for dim in dims if dim.name not in wrong]
    note = f" ({' and '.join(free)} can stay dynamic)" if free else ""
    return [
        replace(found, what=f"{found.what.replace('a dynamic size', name)}{note}")
        for name, messages in wrong.items()
        for found in messages
    ]


def _in_some_form(model: ir.Model, dims: Sequence[Dim], *, free_io: bool) -> tuple[Observation, IoPerms]:
    """In the first form that does for all sizes; when none does, the reasons of the one that came farthest."""
    refused: list[tuple[Message, ...]] = []
    unlike: list[Message] = []
    for form in _FORMS:
        try:
            return _in_form(model, dims, form, free_io=free_io)
        except Mismatch as mismatch:
            unlike.append(message(mismatch.node, mismatch.why))
        except PortproofError as error:
            if error.code != CODE:
                raise
            refused.append(error.messages)
    raise PortproofError.of(refused[0] if refused else unlike[:1])


def _in_form(model: ir.Model, dims: Sequence[Dim], form: Form, *, free_io: bool) -> tuple[Observation, IoPerms]:
    first, *others = witnesses(model, dims)
    lowered, decision = lowered_at(model, first, form, free_io=free_io)
    seen = Observation.of(lowered, first, bounded=[dim.name for dim in dims if dim.high is not None])
    least = smallest(dims)
    if least is not None:
        # Where little is left of an image much looks alike that is not: a graph of another form says nothing.
        with suppress(Mismatch, PortproofError):
            seen.add(lowered_at(model, least, form, free_io=free_io, decision=decision)[0], least)
    for sizes in others:
        try:
            seen.add(lowered_at(model, sizes, form, free_io=free_io, decision=decision)[0], sizes)
        except Mismatch as found:
            raise Mismatch(found.node, f"{found.why} ({text_of(first)} beside {text_of(sizes)})") from found
    repair(seen)
    mark(seen)
    return seen, decision

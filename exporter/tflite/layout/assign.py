"""The layout pass as the pipeline calls it."""

from dataclasses import dataclass, field

import onnx_ir as ir

from portproof.exporter.tflite.layout.perms import Perm, identity
from portproof.exporter.tflite.layout.problem import Problem
from portproof.exporter.tflite.layout.rewrite import rewrite
from portproof.exporter.tflite.layout.search import search


@dataclass(frozen=True, kw_only=True)
class IoPerms:
    """Inputs and outputs whose axes are not in the source's order: the source's axes in the order of the file."""

    inputs: dict[str, Perm] = field(default_factory=dict)
    outputs: dict[str, Perm] = field(default_factory=dict)


def assign_layouts(model: ir.Model, *, free_io: bool) -> IoPerms:
    """Chooses the layout of every tensor of a `tfl` model, in place.

    Given::

        x[N,C,H,W] -> TRANSPOSE -> CONV_2D -> TRANSPOSE -> RELU -> TRANSPOSE -> CONV_2D -> TRANSPOSE -> y[N,C,H,W]

    Result::

        x[N,H,W,C] -> CONV_2D -> RELU -> CONV_2D -> y[N,H,W,C]

    Args:
        model: a literal graph (see `lower`).
        free_io: whether inputs and outputs of rank 4 may become channels-last.
    """
    graph = model.graph
    problem = Problem(graph, free_io=free_io)
    search(problem)
    names = [value.name or "" for value in graph.outputs]
    rewrite(graph, problem)
    ends = [site for site in problem.sites if site.node is None]
    inputs = {site.writes[0].value.name or "": site.current.outputs[0] for site in ends if site.writes}
    outputs = [site.current.inputs[0] or () for site in ends if not site.writes]
    return IoPerms(inputs=_moved(inputs), outputs=_moved(dict(zip(names, outputs, strict=True))))


def _moved(perms: dict[str, Perm]) -> dict[str, Perm]:
    return {name: perm for name, perm in perms.items() if perm != identity(len(perm))}

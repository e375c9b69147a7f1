"""The layout pass as the pipeline calls it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import onnx_ir as ir

from portproof.exporter.tflite.layout.config import Config, Port
from portproof.exporter.tflite.layout.perms import Perm, identity
from portproof.exporter.tflite.layout.problem import Problem, Site
from portproof.exporter.tflite.layout.rewrite import rewrite
from portproof.exporter.tflite.layout.search import search


@dataclass(frozen=True, kw_only=True)
class IoPerms:
    """Inputs and outputs whose axes are not in the source's order: the source's axes in the order of the file.

    Attributes:
        inputs: by name.
        outputs: by name.
        configs: how everything is stored, in the order of the problem's sites.
    """

    inputs: dict[str, Perm] = field(default_factory=dict)
    outputs: dict[str, Perm] = field(default_factory=dict)
    configs: tuple[Config, ...] = ()


class LayoutMismatch(Exception):  # noqa: N818 - no error of the user's
    """The layouts decided for one size do not do for another; at `node`, None when that has no counterpart."""

    def __init__(self, node: ir.Node | None) -> None:
        super().__init__("a layout depends on the sizes")
        self.node = node


def assign_layouts(model: ir.Model, *, free_io: bool, decided: Sequence[Config] | None = None) -> IoPerms:
    """Chooses the layout of every tensor of a `tfl` model, in place.

    Given::

        x[N,C,H,W] -> TRANSPOSE -> CONV_2D -> TRANSPOSE -> RELU -> TRANSPOSE -> CONV_2D -> TRANSPOSE -> y[N,C,H,W]

    Result::

        x[N,H,W,C] -> CONV_2D -> RELU -> CONV_2D -> y[N,H,W,C]

    Args:
        model: a literal graph (see `lower`).
        free_io: whether inputs and outputs of rank 4 may become channels-last.
        decided: what was chosen for the same graph at other sizes: it is taken over, nothing is searched.

    Raises:
        LayoutMismatch: the graph does not admit what was decided.
    """
    graph = model.graph
    problem = Problem(graph, free_io=free_io)
    if decided is None:
        search(problem)
    else:
        adopt(problem, decided)
    names = [value.name or "" for value in graph.outputs]
    configs = tuple(site.current for site in problem.sites)
    rewrite(graph, problem)
    ends = [site for site in problem.sites if site.node is None]
    inputs = {site.writes[0].value.name or "": site.current.outputs[0] for site in ends if site.writes}
    outputs = [site.current.inputs[0] or () for site in ends if not site.writes]
    return IoPerms(inputs=_moved(inputs), outputs=_moved(dict(zip(names, outputs, strict=True))), configs=configs)


def adopt(problem: Problem, decided: Sequence[Config]) -> None:
    """Takes the configurations chosen for the same graph at other sizes.

    Raises:
        LayoutMismatch: an operator is not there, or does not allow its configuration at these sizes.
    """
    if len(decided) != len(problem.sites):
        raise LayoutMismatch(None)
    for site, config in zip(problem.sites, decided, strict=True):
        if site.current != config and config not in _allowed(site, config):
            raise LayoutMismatch(site.node)
        site.current = config


def _allowed(site: Site, config: Config) -> list[Config | None]:
    """What the rules make of each permutation in `config` by itself."""
    ports = [(Port(False, index), perm) for index, perm in enumerate(config.inputs)]
    ports += [(Port(True, index), perm) for index, perm in enumerate(config.outputs)]
    return [site.config(port, perm) for port, perm in ports if perm is not None]


def _moved(perms: dict[str, Perm]) -> dict[str, Perm]:
    return {name: perm for name, perm in perms.items() if perm != identity(len(perm))}

"""The layout problem of a graph: sites that choose a configuration, and the tensors between them.

TRANSPOSE nodes are no sites: they only relate the axes of the tensor they read to those that their readers see.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import onnx_ir as ir

import portproof.exporter.tflite.layout.rules  # noqa: F401 (registers the rules)
from portproof.exporter.tflite.layout.config import Config, Port, is_literal, literal_config, rule_of
from portproof.exporter.tflite.layout.perms import Perm, compose, identity, inverse, key
from portproof.exporter.tflite.values import array_of, dtype_of, ints_of, is_run_time, rank_of, shape_of

OVERHEAD_BYTES = 256
"""What a transpose costs beside the bytes it moves, so that of two equal cuts the one with fewer operators wins."""
CHANNELS_LAST = (0, 2, 3, 1)


@dataclass
class Site:
    """A place that chooses a configuration: an operator, a graph input or a graph output.

    Attributes:
        node: the operator; None for an input or output of the graph.
        current: the configuration chosen so far.
        literal: an operator's configuration in the graph as it was given; None for an input or output of the graph.
        reads: for each input the tensor it comes from (None for constants and absent inputs) and the permutation
            that the transposes between make.
        writes: the tensors computed here.
    """

    node: ir.Node | None
    current: Config
    free: bool = False
    literal: Config | None = None
    reads: list[tuple["Tensor", Perm] | None] = field(default_factory=list)
    writes: list["Tensor"] = field(default_factory=list)

    def config(self, port: Port, perm: Perm) -> Config | None:
        """The configuration with `perm` at `port`, or None."""
        if self.node is None:
            return self._io_config(port, perm)
        rule = rule_of(self.node)
        found = rule.config(self.node, port, perm) if rule else None
        if found is not None and is_literal(found):
            return self.literal
        return found

    def _io_config(self, port: Port, perm: Perm) -> Config | None:
        if perm != identity(len(perm)) and not (self.free and perm == CHANNELS_LAST):
            return None
        return Config((), (perm,)) if port.is_output else Config((perm,), ())


@dataclass
class Use:
    """One reader of a tensor: it sees the tensor's axes through `through`."""

    site: int
    index: int
    through: Perm


@dataclass
class Tensor:
    """A tensor computed at run time, with everything that reads it directly or through transposes."""

    value: ir.Value
    shape: tuple[int, ...]
    cost: int
    site: int
    index: int
    uses: list[Use] = field(default_factory=list)


class Problem:
    """Sites and tensors of a `tfl` graph."""

    def __init__(self, graph: ir.Graph, *, free_io: bool) -> None:
        self.sites: list[Site] = []
        self._origin: dict[ir.Value, tuple[Tensor, Perm]] = {}
        for value in graph.inputs:
            self._add_site(Site(None, Config((), (identity(rank_of(value)),)), free_io), [value])
        for node in graph:
            if is_transpose(node):
                self._pass_through(node)
            else:
                self._add_node(node)
        for value in graph.outputs:
            site = Site(None, Config((identity(rank_of(value)),), ()), free_io)
            self._add_site(site, [])
            self._read(len(self.sites) - 1, 0, value)

    def tensors(self) -> Iterator[Tensor]:
        """All tensors, in order of execution."""
        for site in self.sites:
            yield from site.writes

    def source_key(self, tensor: Tensor, config: Config) -> Perm:
        """How the bytes of `tensor` lie when its producer is in `config`."""
        return key(config.outputs[tensor.index], tensor.shape)

    def wanted(self, use: Use, config: Config) -> Perm:
        """The permutation of the tensor's own axes that a reader in `config` wants."""
        perm = config.inputs[use.index]
        return compose(use.through, perm if perm is not None else identity(len(use.through)))

    def adopted_by_reader(self, tensor: Tensor, use: Use, config: Config) -> Config | None:
        """The reader's configuration that fits the producer's `config`."""
        perm = compose(inverse(use.through), config.outputs[tensor.index])
        return self._fitting(use.site, Port(False, use.index), perm, self._seen(tensor, use.through))

    def adopted_by_producer(self, tensor: Tensor, use: Use, config: Config) -> Config | None:
        """The producer's configuration that fits the reader's `config`."""
        return self._fitting(tensor.site, Port(True, tensor.index), self.wanted(use, config), tensor.shape)

    def _fitting(self, site: int, port: Port, perm: Perm, shape: tuple[int, ...]) -> Config | None:
        """The configuration with `perm`, or, where the site has none, one that stores the same bytes."""
        rank = len(perm)
        candidates = [perm, identity(rank)] + ([CHANNELS_LAST] if rank == 4 else [])
        wanted = key(perm, shape)
        for candidate in candidates:
            if candidate == perm or key(candidate, shape) == wanted:
                found = self._at(site, port, candidate)
                if found is not None:
                    return found
        return None

    def _at(self, site: int, port: Port, perm: Perm) -> Config | None:
        chosen = self.sites[site]
        literal = chosen.literal
        if literal is not None and perm == identity(len(perm)) and literal.at(port) == perm:
            return literal
        return chosen.config(port, perm)

    @staticmethod
    def _seen(tensor: Tensor, through: Perm) -> tuple[int, ...]:
        return tuple(tensor.shape[axis] for axis in through)

    def _add_node(self, node: ir.Node) -> None:
        literal = literal_config(node)
        self._add_site(Site(node, literal, literal=literal), list(node.outputs))
        for index, value in enumerate(node.inputs):
            self._read(len(self.sites) - 1, index, value)

    def _add_site(self, site: Site, values: list[ir.Value]) -> None:
        number = len(self.sites)
        self.sites.append(site)
        for index, value in enumerate(values):
            shape = shape_of(value)
            cost = math.prod(shape) * dtype_of(value).itemsize + OVERHEAD_BYTES
            tensor = Tensor(value, shape, cost, number, index)
            site.writes.append(tensor)
            self._origin[value] = (tensor, identity(len(shape)))

    def _read(self, site: int, index: int, value: ir.Value | None) -> None:
        if value is None or not is_run_time(value):
            self.sites[site].reads.append(None)
            return
        tensor, through = self._origin[value]
        tensor.uses.append(Use(site, index, through))
        self.sites[site].reads.append((tensor, through))

    def _pass_through(self, node: ir.Node) -> None:
        value, order = node.inputs
        if value is None or order is None:
            raise ValueError("TRANSPOSE has two inputs")
        tensor, through = self._origin[value]
        self._origin[node.outputs[0]] = (tensor, compose(through, tuple(ints_of(order))))


def is_transpose(node: ir.Node) -> bool:
    """Whether `node` is a transpose of run-time data with a constant permutation."""
    return node.op_type == "TRANSPOSE" and array_of(node.inputs[1]) is not None and is_run_time(node.inputs[0])

"""Which members of a region take the configuration proposed to them: a minimum cut."""

from collections.abc import Mapping

from portproof.exporter.tflite.layout.config import Config
from portproof.exporter.tflite.layout.maxflow import SINK, SOURCE, FlowNetwork
from portproof.exporter.tflite.layout.perms import Perm, key
from portproof.exporter.tflite.layout.problem import Problem, Tensor

KEEP, SWITCH = SOURCE, SINK
Ends = tuple[Perm, Perm]


def cheapest_switches(problem: Problem, proposal: Mapping[int, Config]) -> list[int]:
    """The members that switch; empty when no choice is cheaper than keeping everything."""
    changing = [site for site, config in proposal.items() if config != problem.sites[site].current]
    region = _Region(problem, {site: proposal[site] for site in changing})
    side = region.solve()
    switches = [site for site in changing if region.node[site] in side]
    before, after = region.cost(set()), region.cost(set(switches))
    return switches if after < before else []


class _Region:
    def __init__(self, problem: Problem, proposal: dict[int, Config]) -> None:
        self.problem = problem
        self.proposal = proposal
        self.network = FlowNetwork(2)
        self.node = {site: self.network.add_node() for site in proposal}
        self.tensors = self._touched()
        self.seams = [self._seams(tensor) for tensor in self.tensors]
        self.infinite = 1 + sum(tensor.cost * (1 + len(tensor.uses)) for tensor in self.tensors)

    def solve(self) -> set[int]:
        """The nodes on the sink's side: those that switch."""
        for tensor, (source, uses) in zip(self.tensors, self.seams, strict=True):
            self._add(tensor, source, uses)
        return self.network.minimum_cut()[1]

    def cost(self, switched: set[int]) -> int:
        """The true price of the tensors touched when `switched` take the proposal."""
        total = 0
        for tensor, (source, uses) in zip(self.tensors, self.seams, strict=True):
            wanted = {ends[site in switched] for site, ends in uses}
            total += tensor.cost * len(wanted - {source[tensor.site in switched]})
        return total

    def _touched(self) -> list[Tensor]:
        found: dict[int, Tensor] = {}
        for number in self.proposal:
            site = self.problem.sites[number]
            read = [item[0] for item in site.reads if item is not None]
            found.update({id(tensor): tensor for tensor in (*site.writes, *read)})
        return list(found.values())

    def _seams(self, tensor: Tensor) -> tuple[Ends, list[tuple[int, Ends]]]:
        """The ends of a tensor: that of its producer, and those of its readers with their sites."""
        uses = [(use.site, self._ends(use.site, tensor, k)) for k, use in enumerate(tensor.uses)]
        return self._ends(tensor.site, tensor, None), uses

    def _ends(self, site: int, tensor: Tensor, use: int | None) -> Ends:
        """The storage order of `tensor` at one end: if the site there keeps, and if it switches."""
        current = self.problem.sites[site].current
        both = (current, self.proposal.get(site, current))
        if use is None:
            return self.problem.source_key(tensor, both[0]), self.problem.source_key(tensor, both[1])
        wanted = [key(self.problem.wanted(tensor.uses[use], config), tensor.shape) for config in both]
        return wanted[0], wanted[1]

    def _add(self, tensor: Tensor, source: Ends, uses: list[tuple[int, Ends]]) -> None:
        """Adds the price of one tensor; readers that want the same order share one transpose."""
        orders = self._two_orders([source, *(ends for _, ends in uses)])
        if orders is None:
            for site, ends in uses:
                self._add_pair(tensor.cost, (tensor.site, source), (site, ends))
            return
        producer = self._place(tensor.site, source, orders)
        readers = {self._place(site, ends, orders) for site, ends in uses} - {producer}
        self._add_shared(tensor.cost, producer, readers)

    @staticmethod
    def _two_orders(ends: list[Ends]) -> Ends | None:
        """(kept, switched) if each end has one of two orders and a switch always leads from the first to the second."""
        distinct = sorted({order for pair in ends for order in pair})
        moving = {pair for pair in ends if pair[0] != pair[1]}
        if len(distinct) > 2 or len(moving) > 1:
            return None
        if moving:
            return moving.pop()
        return distinct[0], distinct[-1]

    def _place(self, site: int, ends: Ends, orders: Ends) -> int:
        """The network's node for one end; an end that cannot move is the terminal of the order it has."""
        if ends[0] != ends[1]:
            return self.node[site]
        return KEEP if ends[0] == orders[0] else SWITCH

    def _add_shared(self, cost: int, producer: int, readers: set[int]) -> None:
        if not readers:
            return
        ahead, behind = self.network.add_node(), self.network.add_node()
        self.network.add_edge(producer, ahead, cost)
        self.network.add_edge(behind, producer, cost)
        for reader in sorted(readers):
            self.network.add_edge(ahead, reader, self.infinite)
            self.network.add_edge(reader, behind, self.infinite)

    def _add_pair(self, cost: int, producer: tuple[int, Ends], reader: tuple[int, Ends]) -> None:
        """The price of one seam with more than two orders around, as a sum of unary and pairwise terms."""
        (u, a), (w, b) = producer, reader
        price = [[cost * (a[i] != b[j]) for j in (0, 1)] for i in (0, 1)]
        first = self.node.get(u, KEEP)
        second = self.node.get(w, KEEP)
        self._add_unary(first, price[1][0] - price[0][0])
        self._add_unary(second, price[1][1] - price[1][0])
        self.network.add_edge(first, second, max(0, price[0][1] + price[1][0] - price[0][0] - price[1][1]))

    def _add_unary(self, node: int, extra: int) -> None:
        """`extra` is paid when `node` switches (a negative one when it keeps)."""
        if extra > 0:
            self.network.add_edge(KEEP, node, extra)
        elif extra < 0:
            self.network.add_edge(node, SWITCH, -extra)

"""Finds the layout of least cost: regions that could change their layout together, each decided by a minimum cut.

A *proposal* gives another configuration to each operator of a connected region, so that no transpose is needed inside
it. Which of the operators take it and which keep what they have is a cut through the region whose price is the
transposes at the seams: exact for the usual case of two layouts (channels-first and channels-last), and for more than
two a step that never raises the cost (alpha-expansion; Boykov, Veksler and Zabih 2001).
"""

from collections import deque
from collections.abc import Iterator

from portproof.exporter.tflite.layout.config import Config, Port
from portproof.exporter.tflite.layout.cut import cheapest_switches
from portproof.exporter.tflite.layout.perms import compose, inverse, key
from portproof.exporter.tflite.layout.problem import Problem, Tensor, Use

ROUNDS = 4
"""Rounds over all seams; each but the last has improved something. Networks of the benchmark need two."""

Proposal = dict[int, Config]


def total_cost(problem: Problem) -> int:
    """Bytes moved by the transposes that the current configurations need, with their overhead."""
    return sum(tensor.cost * len(_wanted_elsewise(problem, tensor)) for tensor in problem.tensors())


def search(problem: Problem) -> None:
    """Sets the current configuration of every site."""
    for _ in range(ROUNDS):
        if not _round(problem):
            break
    _settle_ends(problem)


def _settle_ends(problem: Problem) -> None:
    """Inputs and outputs that store the same bytes either way take the axes that the operator at them wants.

    A grey image [1,1,H,W] is so read as [1,H,W,1], without a RESHAPE.
    """
    for tensor in problem.tensors():
        for use in tensor.uses:
            producer, reader = problem.sites[tensor.site], problem.sites[use.site]
            wanted = problem.wanted(use, reader.current)
            if wanted == producer.current.outputs[tensor.index]:
                continue
            if key(wanted, tensor.shape) != problem.source_key(tensor, producer.current):
                continue
            if producer.node is None and len(tensor.uses) == 1:
                producer.current = producer.config(Port(True, 0), wanted) or producer.current
            elif reader.node is None:
                perm = compose(inverse(use.through), producer.current.outputs[tensor.index])
                reader.current = reader.config(Port(False, 0), perm) or reader.current


def _round(problem: Problem) -> bool:
    improved = False
    tried: set[tuple[int, Config]] = set()
    for tensor in problem.tensors():
        for use in tensor.uses:
            for site, config in _seeds(problem, tensor, use):
                if (site, config) in tried or config == problem.sites[site].current:
                    continue
                proposal = _grow(problem, site, config)
                tried.update(proposal.items())
                switches = cheapest_switches(problem, proposal)
                for member in switches:
                    problem.sites[member].current = proposal[member]
                improved = improved or bool(switches)
    return improved


def _seeds(problem: Problem, tensor: Tensor, use: Use) -> list[tuple[int, Config]]:
    """What either end of a seam would have to become for the seam to vanish."""
    producer, reader = problem.sites[tensor.site].current, problem.sites[use.site].current
    if problem.source_key(tensor, producer) == key(problem.wanted(use, reader), tensor.shape):
        return []
    ends = (
        (use.site, problem.adopted_by_reader(tensor, use, producer)),
        (tensor.site, problem.adopted_by_producer(tensor, use, reader)),
    )
    return [(site, config) for site, config in ends if config is not None]


def _grow(problem: Problem, site: int, config: Config) -> Proposal:
    """Carries a change over from neighbour to neighbour as far as kernels allow it."""
    proposal = {site: config}
    queue = deque([site])
    while queue:
        member = queue.popleft()
        for neighbour, wanted in _neighbours(problem, member, proposal):
            if neighbour not in proposal and wanted is not None:
                proposal[neighbour] = wanted
                queue.append(neighbour)
    return proposal


def _neighbours(problem: Problem, member: int, proposal: Proposal) -> Iterator[tuple[int, Config | None]]:
    """Those that nothing is proposed to yet, when they are asked for."""
    site, config = problem.sites[member], proposal[member]
    for tensor in site.writes:
        for use in tensor.uses:
            if use.site not in proposal:
                yield use.site, problem.adopted_by_reader(tensor, use, config)
    for index, read in enumerate(site.reads):
        if read is not None and read[0].site not in proposal:
            tensor, through = read
            use = Use(member, index, through)
            yield tensor.site, problem.adopted_by_producer(tensor, use, config)


def _wanted_elsewise(problem: Problem, tensor: Tensor) -> set[tuple[int, ...]]:
    """The storage orders wanted by readers that the producer does not deliver; each is one transpose."""
    wanted = {key(problem.wanted(use, problem.sites[use.site].current), tensor.shape) for use in tensor.uses}
    return wanted - {problem.source_key(tensor, problem.sites[tensor.site].current)}

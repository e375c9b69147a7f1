"""What running a lowered model takes: constants, and the tensors alive at the fullest moment; planned, not measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from portproof.device_profiles.op_rules.facts import Dialect, TensorFacts
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.partition import bytes_of
from portproof.runtimes.memory.liveness import fullest
from portproof.runtimes.memory.sharing import Graph, Sharing, Step, buffers_of


@dataclass(frozen=True, kw_only=True)
class PlannedMemory:
    """Bytes; what kernels and delegates take for themselves comes on top.

    Attributes:
        weight_bytes: constants.
        tensor_bytes: alive at once at the fullest moment; no arrangement takes less.
        at: where that is, as messages name an operator; empty before the first.
    """

    weight_bytes: int
    tensor_bytes: int
    at: str = ""

    @property
    def total_bytes(self) -> int:
        """Both."""
        return self.weight_bytes + self.tensor_bytes


def planned(operators: Sequence[Operator]) -> PlannedMemory:
    """Of the main graph's operators of TFLite or ONNX, in order of execution; a size that is not known counts as 1."""
    main = [each for each in operators if not each.facts.inside]
    tensors = {tensor.name: tensor for each in main for tensor in _tensors(each)}
    moment = fullest(list(buffers_of(_graph(main, tensors))))
    weights = {each.name: each for one in operators for each in one.facts.inputs if each is not None and each.constant}
    return PlannedMemory(
        weight_bytes=sum(map(bytes_of, weights.values())),
        tensor_bytes=moment.size,
        at=main[moment.step].where if 0 <= moment.step < len(main) else "",
    )


def of_file(path: Path) -> PlannedMemory:
    """Of a file that is there.

    Raises:
        PortproofError: as `runtimes.memory.plan`.
    """
    from portproof.runtimes.memory import plan

    found = plan(path)
    return PlannedMemory(weight_bytes=found.weight_bytes, tensor_bytes=found.least_bytes, at=found.operator)


def _graph(main: Sequence[Operator], tensors: dict[str, TensorFacts]) -> Graph:
    made = {name for each in main for name in each.makes}
    read = {name for each in main for name in each.reads}
    kinds = _sharing(main[0].facts.dialect) if main else {}
    return Graph(
        steps=[Step(inputs=one.reads, outputs=one.makes, sharing=kinds.get(one.facts.op, "none")) for one in main],
        sizes={name: bytes_of(tensor) for name, tensor in tensors.items()},
        inputs=sorted(read - made),
        outputs=sorted(made - read),
    )


def _tensors(operator: Operator) -> tuple[TensorFacts, ...]:
    return (*operator.facts.computed, *operator.facts.outputs)


def _sharing(dialect: Dialect) -> dict[str, Sharing]:
    if dialect == "tflite":
        from portproof.runtimes.memory.tflite_file import SHARING
    else:
        from portproof.runtimes.memory.onnx_file import SHARING
    return SHARING

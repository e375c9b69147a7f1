"""The operators of a Core ML package, and what is known of where the Neural Engine runs them.

Core ML's own passes fuse operators and choose types when a package is written: it is written to a temporary folder, and
read from there.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from portproof.device_profiles.op_rules.facts import OpFacts, TensorFacts
from portproof.device_profiles.op_rules.judge import Verdict
from portproof.device_profiles.op_rules.registry import Refused
from portproof.exporter.check.memory import of_file
from portproof.exporter.check.operators import Operator

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.exporter.coreml.residency import OperatorAdvice
    from portproof.runtimes.coreml.program import Operation


NEURAL_ENGINE = "apple-neural-engine"
"""The unit whose rules depend on the chip."""
_ANY_CHIP = "A17 Pro"


class Package:
    """A model as a package.

    Args:
        model: simplified.

    Attributes:
        operators: in the program's order, constants aside.
        memory: of the package.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED``; ``E-INSTALL``: coremltools is not there.
    """

    def __init__(self, model: "ir.Model") -> None:
        from portproof.device_profiles.errors import PortproofError
        from portproof.exporter.coreml.conversion import write_model
        from portproof.exporter.request import missing_coreml
        from portproof.exporter.scratch import Scratch
        from portproof.runtimes.coreml.parse import read

        if missing := missing_coreml():
            raise PortproofError.of(missing)
        self._scratch = Scratch()
        self._path = self._scratch.path / "model.mlpackage"
        self._origins = write_model(model, self._path).origins
        self._advice: dict[str, tuple[OperatorAdvice, ...]] = {}
        package = read(self._path)
        operations = _walk(package.functions[package.default_function].block.operations)
        pairs = zip(operations, self.advise(_ANY_CHIP), strict=True)
        self.operators = tuple(_operator(operation, advice) for operation, advice in pairs)
        self.memory = of_file(self._path)

    def advise(self, chip: str) -> "tuple[OperatorAdvice, ...]":
        """What the Neural Engine of a chip will likely run, operator by operator.

        Args:
            chip: ``"A17 Pro"``; "" for a recent one.

        Raises:
            PortproofError: ``E-DEVICE-UNKNOWN``: nothing is known of the chip.
        """
        from portproof.exporter.coreml.residency import advise

        wanted = chip or _ANY_CHIP
        if wanted not in self._advice:
            self._advice[wanted] = advise(self._path, wanted, origins=self._origins).operators
        return self._advice[wanted]

    def close(self) -> None:
        """Remove the temporary folder."""
        self._scratch.close()


def verdict(advice: "OperatorAdvice") -> Verdict:
    """What is known of one operator, as of any other unit: what nobody is sure of does not count as taken."""
    reasons = tuple(Refused(why=reason.text) for reason in advice.reasons)
    return Verdict(
        taken=advice.verdict == "likely",
        reasons=reasons if advice.verdict == "unlikely" else tuple(_unsure(each) for each in reasons),
        source=advice.reasons[0].source if advice.reasons else "",
        confidence=advice.reasons[0].confidence if advice.reasons else "reported",
    )


def _unsure(reason: Refused) -> Refused:
    return Refused(why=f"unsure: {reason.why}", hint=reason.hint)


def _walk(operations: "Iterable[Operation]") -> "Iterator[Operation]":
    for operation in operations:
        if not operation.type.startswith("const"):
            yield operation
        for block in operation.blocks:
            yield from _walk(block.operations)


def _operator(operation: "Operation", advice: "OperatorAdvice") -> Operator:
    from portproof.runtimes.coreml.program import TensorType

    facts = OpFacts(
        dialect="mil",
        op=operation.type,
        name=operation.name,
        inputs=tuple(
            TensorFacts(name=binding)
            for bindings in operation.inputs.values()
            for binding in bindings
            if isinstance(binding, str)
        ),
        outputs=tuple(
            TensorFacts(name=value.name, shape=value.type.shape, dtype=value.type.dtype)
            if isinstance(value.type, TensorType)
            else TensorFacts(name=value.name)
            for value in operation.outputs
        ),
    )
    return Operator(facts=facts, where=advice.where or f"operator '{operation.name}'", macs=advice.macs or 0)

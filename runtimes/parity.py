"""Compares a candidate with the reference over a stream of samples; nothing of a sample is kept."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.feed import near_matches
from portproof.runtimes.gates import MetricGate
from portproof.runtimes.health import Vitals, findings
from portproof.runtimes.metrics import Accumulator, OutputParity
from portproof.runtimes.spec import Array, Runner, shape_text, to_file_layout, to_source_layout
from portproof.runtimes.tolerances import Tolerance

Arrays = Mapping[str, Array]


@dataclass(frozen=True, kw_only=True)
class Parity:
    """The comparison of a candidate's outputs with the reference's.

    Attributes:
        outputs: one comparison an output, in the order of the tolerances.
        findings: silent failures (``W-*``) that the reference does not show.
        where: the candidate, for messages.
    """

    outputs: tuple[OutputParity, ...]
    findings: tuple[Message, ...]
    where: str = ""

    @property
    def passed(self) -> bool:
        """Whether every output is within its tolerance and none failed silently."""
        return not self.gates()

    def gates(self, metrics: Iterable[MetricGate] = ()) -> list[Message]:
        """Every gate that fails: ``E-GATE-PARITY``, ``E-GATE-HEALTH``, ``E-GATE-METRIC``."""
        failed = [_beyond(output, self.where) for output in self.outputs if not output.passed]
        failed += [_unhealthy(finding) for finding in self.findings]
        for gate in metrics:
            failed += gate.check(self.outputs, self.where)
        return failed

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data."""
        return {
            "outputs": [output.as_dict() for output in self.outputs],
            "findings": [finding.as_dict() for finding in self.findings],
            "passed": self.passed,
        }


class Comparison:
    """A comparison under way: add the outputs of each sample, then take the result.

    Args:
        tolerances: of each output to compare; `tolerances.resolve` makes them.
        where: the candidate's file, for messages.
        classifiers: outputs for which top-1 agreement is (or is not) to be counted against the rule of
            `metrics.is_classifier`; the classes are the last axis.
    """

    def __init__(
        self,
        tolerances: Mapping[str, Tolerance],
        *,
        where: str = "",
        classifiers: Mapping[str, bool] | None = None,
    ) -> None:
        declared = classifiers or {}
        self._where = where
        self._sums = {name: Accumulator(name, t, classifier=declared.get(name)) for name, t in tolerances.items()}
        self._vitals = {name: (Vitals(), Vitals()) for name in tolerances}
        self._count = 0

    def add(self, reference: Arrays, candidate: Arrays) -> None:
        """Add one sample: both sides' outputs by name, in the source's layout.

        Raises:
            PortproofError: ``E-GATE-PARITY`` when an output is missing or of another shape.
        """
        for name, accumulator in self._sums.items():
            left, right = _same_shape(name, reference, candidate, self._where)
            accumulator.add(left, right)
            for vitals, array in zip(self._vitals[name], (left, right), strict=True):
                vitals.add(array)
        self._count += 1

    def result(self) -> Parity:
        """The comparison of all samples added.

        Raises:
            PortproofError: ``E-DATA-EMPTY`` when there was none.
        """
        if not self._count:
            raise PortproofError("E-DATA-EMPTY", "there is no sample to compare on", where=self._where)
        found = [
            message for name, sides in self._vitals.items() for message in findings(name, *sides, where=self._where)
        ]
        outputs = tuple(accumulator.result() for accumulator in self._sums.values())
        return Parity(outputs=outputs, findings=tuple(found), where=self._where)


def compare(
    reference: Iterable[Arrays],
    candidate: Iterable[Arrays],
    tolerances: Mapping[str, Tolerance],
    *,
    where: str = "",
    classifiers: Mapping[str, bool] | None = None,
) -> Parity:
    """Compare two streams of outputs sample by sample; arguments and errors as of `Comparison`.

    Raises:
        PortproofError: ``E-GATE-PARITY`` when one stream is shorter, as well.
    """
    comparison = Comparison(tolerances, where=where, classifiers=classifiers)
    for expected, got in _pairs(reference, candidate, where):
        comparison.add(expected, got)
    return comparison.result()


def compare_runners(
    reference: Runner,
    candidate: Runner,
    samples: Iterable[Arrays],
    tolerances: Mapping[str, Tolerance],
    *,
    where: str = "",
    classifiers: Mapping[str, bool] | None = None,
) -> Parity:
    """Run both on each sample (in the source's layout) and compare; one sample in memory at a time."""
    comparison = Comparison(tolerances, where=where, classifiers=classifiers)
    for sample in samples:
        comparison.add(run_in_source_layout(reference, sample), run_in_source_layout(candidate, sample))
    return comparison.result()


def run_in_source_layout(runner: Runner, sample: Arrays) -> dict[str, Array]:
    """Run on arrays in the source's layout, whatever the file's, and give them back in it."""
    fed = {spec.name: to_file_layout(spec, sample[spec.name]) for spec in runner.inputs if spec.name in sample}
    # Names the file does not know go along, so that its runner's message names them.
    fed.update({name: array for name, array in sample.items() if name not in fed})
    got = runner.run(fed)
    return {spec.name: to_source_layout(spec, got[spec.name]) for spec in runner.outputs}


_END: Arrays = {}


def _pairs(reference: Iterable[Arrays], candidate: Iterable[Arrays], where: str) -> Iterator[tuple[Arrays, Arrays]]:
    left, right = iter(reference), iter(candidate)
    while True:
        expected, got = next(left, _END), next(right, _END)
        if expected is _END and got is _END:
            return
        if expected is _END or got is _END:
            side = "reference" if expected is _END else "candidate"
            raise PortproofError("E-GATE-PARITY", f"the {side} gave fewer samples than the other", where=where)
        yield expected, got


def _same_shape(name: str, expected: Arrays, got: Arrays, where: str) -> tuple[Array, Array]:
    for side, arrays in (("reference", expected), ("candidate", got)):
        if name not in arrays:
            near = near_matches(name, arrays)
            raise PortproofError(
                "E-GATE-PARITY",
                f"the {side} has no output {name!r}",
                where=where,
                why=f"its outputs are {', '.join(arrays)}",
                hint=f"the nearest name is {near[0]!r}" if near else "",
            )
    left, right = expected[name], got[name]
    if left.shape != right.shape or (left.dtype.kind == "c") != (right.dtype.kind == "c"):
        raise PortproofError(
            "E-GATE-PARITY",
            f"output {name!r} is {_describe(right)}, the reference's is {_describe(left)}",
            where=where,
        )
    return left, right


def _describe(array: Array) -> str:
    return f"{array.dtype}{shape_text(array.shape)}"


def _beyond(output: OutputParity, where: str) -> Message:
    allowed = output.tolerance
    bound = f"atol {allowed.atol:g}{' x scale' if allowed.scaled else ''}, rtol {allowed.rtol:g}"
    return Message(
        code="E-GATE-PARITY",
        what=f"output {output.name!r} differs by up to {output.max_abs:.3g} from the reference ({bound})",
        where=where,
        why=f"{output.beyond} of {output.elements} elements are beyond the tolerance",
        hint="the report says which element is worst; --atol and --rtol set the tolerance",
        details=output.as_dict(),
    )


def _unhealthy(finding: Message) -> Message:
    details = {**finding.details, "finding": finding.code}
    return Message(
        code="E-GATE-HEALTH",
        what=finding.what,
        where=finding.where,
        why=finding.why,
        hint=finding.hint,
        details=details,
    )

"""Tables of what was proven, for `export` and `verify`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from portproof.cli.table import number, table

if TYPE_CHECKING:
    from portproof.exporter.proof import Proof
    from portproof.runtimes.coreml.differences import OperatorDifference
    from portproof.runtimes.tolerances import Tolerance


def parity_table(proofs: Sequence["Proof"]) -> str:
    """A row for each output of each function of each file."""
    head = ("file", "output", "max abs", "mean abs", "rel L2", "cosine", "SQNR dB", "top-1", "allowed", "")
    several = len({proof.signature_key for proof in proofs}) > 1
    rows = [
        (
            proof.file,
            f"{proof.signature_key}:{out.name}" if several else out.name,
            number(out.max_abs),
            number(out.mean_abs),
            number(out.relative_l2),
            number(out.cosine, 7),
            number(out.sqnr_db, 4),
            "-" if out.top1 is None else f"{out.top1:.1%}",
            _allowed(out.tolerance),
            "ok" if out.passed else "FAILED",
        )
        for proof in proofs
        for out in proof.parity.outputs
    ]
    return table(head, rows, right=range(2, 8))


def _allowed(tolerance: "Tolerance") -> str:
    text = f"{tolerance.atol:g}" + (" x scale" if tolerance.scaled else "")
    return f"{text} + {tolerance.rtol:g} x |ref|" if tolerance.rtol else text


def stages_table(stages: Mapping[str, Mapping[str, int]]) -> str:
    """Operators by type after each stage; ONNX and TFLite names side by side where they differ."""
    names = sorted({name for counts in stages.values() for name in counts}, key=str.lower)
    rows = [[name, *(counts.get(name, "") for counts in stages.values())] for name in names]
    rows.append(["in all", *(sum(counts.values()) for counts in stages.values())])
    return table(["operators", *stages], rows, right=range(1, len(stages) + 1))


def reasons(proofs: Sequence["Proof"]) -> str:
    """Why each tolerance is what it is, each reason once."""
    lines = {
        f"allowed {_allowed(out.tolerance)} ({proof.target}): {out.tolerance.reason}"
        for proof in proofs
        for out in proof.parity.outputs
    }
    return "\n".join(sorted(lines))


def operators_table(found: "Sequence[OperatorDifference]", most: int = 12) -> str:
    """The operators whose results are furthest apart, the worst first."""
    worst = sorted(found, key=lambda each: -each.difference)[:most]
    rows = [(each.operator, each.type, number(each.largest), number(each.difference)) for each in worst]
    return table(("operator", "type", "largest", "difference / largest"), rows, right=(2, 3))

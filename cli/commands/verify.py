"""`portproof verify DIR|FILE...`: does what was written still compute the same."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portproof.cli.options import LINE, gate_options, source_options
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.tables import operators_table, parity_table, reasons
from portproof.exporter.progress import Progress

if TYPE_CHECKING:
    from portproof.exporter.proof import Proof
    from portproof.exporter.verification import VerifyResult


@click.command("verify")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR|FILE...")
@click.option(
    "--ref",
    multiple=True,
    type=LINE,
    metavar="MODEL|NAME=MODEL",
    help="Compare with this model, not with the golden vectors; of several functions with one each.",
)
@click.option(
    "--precision",
    type=click.Choice(["strict", "minimum"]),
    help="Of Core ML packages: round every result to its type, and list the operators where that shows; or compute "
    "float16 in float32, as CPUs do. [strict, without the list]",
)
@source_options
@gate_options
@prints_outcome
def command(paths: tuple[Path, ...], progress: Progress, **options: Any) -> Outcome:
    """Compare exported folders with their manifest's sums, and run every model file against the reference."""
    from portproof.exporter.verification import verify

    result = verify(paths, progress=progress, **options)
    return Outcome(
        data={"checked_files": result.checked_files, "parity": [_data(proof) for proof in result.proofs]},
        text="\n\n".join((parity_table(result.proofs), reasons(result.proofs), *_operators(result.proofs)))
        if result.proofs
        else "",
        messages=result.failed,
        status=result.exit_status,
        epilogue=_epilogue(result),
    )


def _operators(proofs: "Sequence[Proof]") -> list[str]:
    """Where rounding to float16 shows most, of each package that was asked for it."""
    return [
        f"{proof.file}, where strict precision differs most from float32 arithmetic:"
        + operators_table(proof.by_operator)
        for proof in proofs
        if proof.by_operator
    ]


def _data(proof: "Proof") -> dict[str, Any]:
    return {
        "target": proof.target,
        "file": proof.file,
        "signature_key": proof.signature_key,
        "runtime": proof.runtime,
        "passed": not proof.failed,
        "inputs": [dataclasses.asdict(spec) for spec in proof.inputs],
        "outputs": [output.as_dict() for output in proof.parity.outputs],
        "by_operator": [dataclasses.asdict(each) for each in proof.by_operator],
    }


def _epilogue(result: "VerifyResult") -> str:
    verdict = "FAILED" if result.failed else "ok"
    sums = f"{result.checked_files} files compared with their manifest, " if result.checked_files else ""
    return f"{verdict}: {sums}{len(result.proofs)} models run"

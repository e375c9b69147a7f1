"""`portproof devices fit MEASUREMENTS.csv`: a profile calibrated to one's own measurements."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portproof.cli.outcome import Outcome, prints_outcome
from portproof.exporter.progress import Progress

if TYPE_CHECKING:
    from portproof.device_profiles.cost.own import OwnFit


@click.command("fit")
@click.argument("measurements", type=click.Path(path_type=Path))
@click.option("--extends", required=True, metavar="ID", help="The profile of the device measured.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The profile to write. [ID-measured.toml]")
@prints_outcome
def command(measurements: Path, extends: str, out: Path | None, progress: Progress) -> Outcome:
    """Fit latency to MEASUREMENTS, a CSV file with the columns model,unit,runtime,precision,latency_ms.

    model is the path of an ONNX file, or a known architecture|shape. How well it predicts is told from
    cross-validation over architectures.
    """
    from portproof.device_profiles import load
    from portproof.device_profiles.cost.own import fit_own, profile_text, summary
    from portproof.device_profiles.errors import PortproofError

    base = load(extends)
    path = out or Path(f"{base.id}-measured.toml")
    if path.exists():
        raise PortproofError(
            "E-OUTPUT", "the file exists; nothing is overwritten", where=str(path), hint="give -o FILE"
        )
    with progress.step("fit latency"):
        fits = fit_own(measurements, base.id)
    try:
        path.write_text(profile_text(fits, path.stem, base), encoding="utf-8")
    except OSError as error:
        raise PortproofError("E-OUTPUT", "the profile cannot be written", where=str(path), why=str(error)) from error
    return Outcome(
        data={"file": str(path), "fits": [_data(fit) for fit in fits]},
        text="\n".join(summary(fit) for fit in fits),
        epilogue=f"wrote {path}; next: `portproof devices validate {path}`",
    )


def _data(fit: "OwnFit") -> dict[str, Any]:
    return {**fit.latency.model_dump(mode="json"), "within_10": fit.within_10, "within_20": fit.within_20}

"""`portproof check MODEL -d DEVICE...`: what runs where, and what is refused, before anything is converted."""

from typing import Any

import click

from portproof.cli.options import profile_options
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.placement import matrix, notes, refusals
from portproof.exporter.progress import Progress


@click.command("check")
@click.argument("model", nargs=-1, required=True, metavar="MODEL|NAME=MODEL...")
@click.option(
    "-d",
    "--device",
    "devices",
    multiple=True,
    required=True,
    metavar="DEVICE",
    help="A device of `portproof devices list`, a .toml file, or the name of rules (litert-gpu); may be given again.",
)
@click.option("--int8", is_flag=True, help="Judge the quantized form; of a float model with made-up ranges.")
@click.option(
    "--fail-under",
    multiple=True,
    metavar="npu=95%",
    help="Exit with 1 where less of the multiply-accumulates runs on that unit of a device; 95% alone: on every kind.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=1x3x224x224:float32",
    help="Declare an input's shape.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of a factory.")
@click.option("--allow-pickle", is_flag=True, help="Unpickle a model (this runs code from the file).")
@profile_options
@prints_outcome
def command(model: tuple[str, ...], devices: tuple[str, ...], progress: Progress, **options: Any) -> Outcome:
    """Show which operators each compute unit of DEVICE takes, which it refuses and why; nothing is written or run."""
    from portproof.exporter.check.check import check

    paths = options.pop("profiles")
    result = check(model, devices, profile_path=paths, progress=progress, **options)
    return Outcome(
        data={"units": [unit.as_dict() for unit in result.units]},
        text="\n\n".join(part for part in (matrix(result.units), *refusals(result.units), notes(result.units)) if part),
        messages=result.failed,
        status=result.exit_status,
        epilogue="FAILED" if result.failed else "",
    )

"""`portproof devices list`: the device profiles there are."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portproof.cli.options import profile_option
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import table
from portproof.exporter.progress import Progress

if TYPE_CHECKING:
    from portproof.device_profiles.loading.resolve import Resolved


@click.command("list")
@click.option("--vendor", default="", help="Whose maker's name has this in it.")
@click.option("--unit", default="", metavar="cpu|gpu|npu|NAME", help="That have this unit, or one whose name has this.")
@click.option("--runtime", default="", help="That have a runtime whose name has this in it: qnn, coreml, xnnpack.")
@click.option("--target", default="", metavar="tflite|coreml|onnx", help="That this target can be written for.")
@click.option("--soc", default="", help="Whose chip's name, number or profile has this in it.")
@click.option("--year", default="", metavar="2024|2020..2024", help="Of this year, or of these.")
@click.option("--socs", is_flag=True, help="The profiles of chips, which devices extend.")
@profile_option
@prints_outcome
def command(progress: Progress, socs: bool, profiles: tuple[Path, ...], **filters: Any) -> Outcome:  # noqa: ARG001
    """List the device profiles."""
    from portproof.device_profiles.listing import Filters, select

    found = select(Filters(**filters), kind="soc" if socs else "device", profile_path=profiles)
    head = ("id", "device", "soc", "year", "targets", "units", "NPU takes", "found")
    data = [{"place": each.place, **each.profile.model_dump(mode="json", by_alias=True)} for each in found]
    count = f"{len(found)} profile{'s' if len(found) > 1 else ''}" if found else "no profile passes"
    return Outcome(
        data={"devices": data},
        text=table(head, [_row(each) for each in found]) if found else "",
        epilogue=f"{count}; `portproof devices show ID --resolved` tells all of one",
    )


def _row(found: "Resolved") -> tuple[object, ...]:
    profile = found.profile
    return (
        profile.id,
        profile.name,
        profile.soc,
        profile.year or "",
        " ".join(profile.targets),
        " ".join(profile.units),
        " ".join(profile.accelerator_precisions) or "-",
        found.place,
    )

"""`portproof devices list`: the device profiles there are."""

import click

from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import table
from portproof.exporter.progress import Progress


@click.group("devices")
def command() -> None:
    """The devices that -d knows."""


@command.command("list")
@prints_outcome
def list_devices(progress: Progress) -> Outcome:  # noqa: ARG001 - nothing here is slow
    """List the device profiles."""
    from portproof.device_profiles.profiles import available

    profiles = available()
    head = ("id", "device", "soc", "year", "targets", "accelerator takes")
    rows = [
        (p.id, p.name, p.soc, p.year or "", " ".join(p.targets), " ".join(p.accelerator_precisions) or "-")
        for p in profiles
    ]
    return Outcome(data={"devices": [profile.model_dump(mode="json") for profile in profiles]}, text=table(head, rows))

"""`portproof devices new ID --extends X`: a commented profile to start from."""

from pathlib import Path

import click

from portproof.cli.options import profile_option
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.exporter.progress import Progress


@click.command("new")
@click.argument("profile_id", metavar="ID")
@click.option("--extends", required=True, metavar="X", help="The profile that it is like: a device's or a chip's id.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="File or folder. [portproof-devices/ID.toml]")
@click.option("--name", default="", help="What the device is called. [ID]")
@click.option("--vendor", default="", help="Who makes it. [the maker of X]")
@profile_option
@prints_outcome
def command(
    profile_id: str,
    extends: str,
    out: Path | None,
    name: str,
    vendor: str,
    profiles: tuple[Path, ...],
    progress: Progress,  # noqa: ARG001
) -> Outcome:
    """Write a profile that extends X and shows in comments what could be changed; nothing is overwritten."""
    from portproof.device_profiles.template import write

    path = write(profile_id, extends=extends, out=out, name=name, vendor=vendor, profile_path=profiles)
    return Outcome(
        data={"file": str(path), "id": profile_id, "extends": extends},
        text=str(path),
        epilogue=f"next: change it, then `portproof devices validate {path}`",
    )

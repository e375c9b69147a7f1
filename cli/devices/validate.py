"""`portproof devices validate`: are the profiles right?"""

from pathlib import Path

import click

from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import table
from portproof.exporter.progress import Progress


@click.command("validate")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]...")
@prints_outcome
def command(files: tuple[Path, ...], progress: Progress) -> Outcome:  # noqa: ARG001
    """Check profiles, with what they extend; all that is wrong is told at once.

    Without FILE every profile is checked, those that are built in too, and your own are listed.
    """
    from portproof.device_profiles.validation import validate

    found = validate(files)
    mine = [each for each in found if each.place != "built in"]
    rows = [(each.profile.id, each.profile.kind, each.place, " -> ".join(each.lineage[1:])) for each in mine]
    return Outcome(
        data={"profiles": [{"id": each.profile.id, "file": str(each.files[0])} for each in found]},
        text=table(("id", "kind", "found", "extends"), rows) if rows else "",
        epilogue="1 profile is right" if len(found) == 1 else f"{len(found)} profiles are right",
    )

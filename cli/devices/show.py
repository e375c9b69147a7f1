"""`portproof devices show ID`: what a profile says, and where each value is from."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from portproof.cli.options import profile_options
from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import table
from portproof.exporter.progress import Progress

if TYPE_CHECKING:
    from portproof.device_profiles.explain import Row


@click.command("show")
@click.argument("device", metavar="ID")
@click.option("--resolved", is_flag=True, help="With all that it extends; else what its own file states.")
@click.option("--why", is_flag=True, help="With the source of each number, and the file and line of each value.")
@profile_options
@prints_outcome
def command(
    device: str,
    resolved: bool,
    why: bool,
    profiles: tuple[Path, ...],
    overrides: tuple[str, ...],
    progress: Progress,  # noqa: ARG001
) -> Outcome:
    """Show the values of a profile; ID is one of `portproof devices list`, or a .toml file."""
    import dataclasses

    from portproof.device_profiles.explain import rows
    from portproof.device_profiles.profiles import resolve

    found = resolve(device, profile_path=profiles, overrides=overrides)
    chosen = rows(found, inherited=resolved)
    extends = " -> ".join(found.lineage)
    more = "" if resolved or len(found.lineage) < 2 else "; --resolved shows what it inherits"
    return Outcome(
        data={
            "id": found.profile.id,
            "place": found.place,
            "lineage": list(found.lineage),
            "files": [str(path) for path in found.files],
            "values": [dataclasses.asdict(row) for row in chosen],
            **({"profile": found.profile.model_dump(mode="json", by_alias=True)} if resolved else {}),
        },
        text=_text(chosen, why=why),
        epilogue=f"{extends} ({found.place}){more}",
    )


def _text(rows: "list[Row]", *, why: bool) -> str:
    head = ("key", "value", "kind", "from", "source") if why else ("key", "value", "kind")
    return table(head, [_cells(row, why=why) for row in rows])


def _cells(row: "Row", *, why: bool) -> tuple[str, ...]:
    kind = f"{row.kind}, of {row.borrowed_from}" if row.borrowed_from else row.kind
    plain = (row.key, row.value, kind)
    return (*plain, row.origin, row.source) if why else plain

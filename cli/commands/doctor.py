"""`portproof doctor`: is this environment sound."""

import dataclasses

import click

from portproof.cli.outcome import Outcome, prints_outcome
from portproof.cli.table import table
from portproof.device_profiles.codes import ENVIRONMENT, OK
from portproof.device_profiles.errors import Message
from portproof.exporter.progress import Progress


@click.command("doctor")
@prints_outcome
def command(progress: Progress) -> Outcome:
    """Check versions, conflicts and extras, and run a model in each runtime; status 4 when something is broken."""
    from portproof.exporter.doctor import examine

    checks = examine(progress)
    broken = [check for check in checks if check.state == "broken"]
    return Outcome(
        data={"checks": [dataclasses.asdict(check) for check in checks]},
        text=table(("state", "what", "found", "wanted"), [(c.state, c.what, c.found, c.wanted) for c in checks]),
        messages=tuple(
            Message(code="E-ENVIRONMENT", what=f"{check.what}: {check.found}", hint=check.hint) for check in broken
        ),
        status=ENVIRONMENT if broken else OK,
        epilogue="" if broken else "all is well; next: portproof export file.py:factory",
    )

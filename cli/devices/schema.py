"""`portproof devices schema`: the JSON schema of a profile, for editors and other programs."""

import click


@click.command("schema")
def command() -> None:
    """Print the JSON schema of a profile file."""
    from portproof.device_profiles.schema.json_schema import text

    click.echo(text(), nl=False)

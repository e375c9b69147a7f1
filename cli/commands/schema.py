"""`portproof schema`: the whole contract of the command line, for programs."""

from typing import Any

import click

from portproof.cli.report_errors import to_json


@click.command("schema")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Print the contract as JSON: commands, exit statuses, message codes, schemas of the documents."""
    click.echo(to_json(contract(ctx.find_root())))


def contract(root: click.Context) -> dict[str, Any]:
    """Everything a program may rely on."""
    from importlib.metadata import version

    from portproof.device_profiles.codes import CODES, EXIT_STATUS
    from portproof.device_profiles.schema.json_schema import json_schema
    from portproof.exporter.report.schemas import schemas

    return {
        "portproof": version("portproof"),
        "commands": _commands(root.command, root),
        "exit_statuses": {str(status): meaning for status, meaning in EXIT_STATUS.items()},
        "codes": {code.name: {"exit_status": code.status, "meaning": code.meaning} for code in CODES.values()},
        "documents": {**schemas(), "device_profile": json_schema()},
    }


def _commands(group: click.Command, ctx: click.Context) -> dict[str, Any]:
    assert isinstance(group, click.Group)  # noqa: S101 - for the type checker
    rows = {}
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        if command is not None:
            with click.Context(command, info_name=name, parent=ctx) as inner:
                rows[name] = _command(command, inner)
    return rows


def _command(command: click.Command, ctx: click.Context) -> dict[str, Any]:
    facts: dict[str, Any] = {"help": command.help or ""}
    if isinstance(command, click.Group):
        return {**facts, "commands": _commands(command, ctx)}
    options = [param for param in command.params if isinstance(param, click.Option)]
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    return {
        **facts,
        "usage": command.get_usage(ctx).removeprefix("Usage: "),
        "arguments": [_parameter(param, ctx) for param in arguments],
        "options": [{**_parameter(param, ctx), "help": param.help or ""} for param in options],
    }


def _parameter(param: click.Parameter, ctx: click.Context) -> dict[str, Any]:
    facts = param.to_info_dict()
    default = param.get_default(ctx)
    return {
        "name": facts["name"],
        "spellings": facts["opts"],
        "type": facts["type"]["name"],
        "choices": list(facts["type"].get("choices", ())),
        "required": facts["required"],
        "repeatable": facts["multiple"] or facts["nargs"] == -1,
        "default": default if isinstance(default, str | int | float | bool) else None,
    }

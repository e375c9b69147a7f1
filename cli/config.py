"""Defaults from `portproof.toml` or `[tool.portproof]` of `pyproject.toml`.

The nearest folder upwards that has either is used, `portproof.toml` first. A key is an option's long name; at
the top it counts for every command that has the option, in a table of a command's name for that command. The
command line and the environment go before.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Any

import click

from portproof.device_profiles.errors import Message, PortproofError

Table = dict[str, Any]


def read_defaults(group: click.Group, ctx: click.Context) -> Table:
    """A click default map, ``{command: {parameter: value}}``; empty when there is no configuration.

    Raises:
        PortproofError: ``E-CONFIG``: not TOML, an unknown key, a value that its option refuses; all at once.
    """
    path, table = find(Path.cwd())
    if not table:
        return {}
    options = _options_of_commands(group, ctx)
    shared = {key: value for key, value in table.items() if key not in options}
    everywhere = {name for names in options.values() for name in names}
    messages = _unknown(path, "", shared, everywhere | set(options))
    result: Table = {}
    for command, known in options.items():
        own = table.get(command, {})
        if not isinstance(own, dict):
            messages.append(_wrong(path, command, "must be a table of options"))
            continue
        messages += _unknown(path, f"{command}.", own, set(known))
        chosen = {key: value for key, value in {**shared, **own}.items() if key in known}
        result[command] = {str(known[key].name): _listed(known[key], value) for key, value in chosen.items()}
        messages += [finding for key in chosen for finding in _check(path, ctx, known[key], key, chosen[key])]
    if messages:
        raise PortproofError.of(list({message.what: message for message in messages}.values()))
    return result


def find(folder: Path) -> tuple[Path, Table]:
    """The configuration that counts in `folder`: its file and its table (empty when there is none)."""
    for place in (folder, *folder.parents):
        for name, keys in (("portproof.toml", ()), ("pyproject.toml", ("tool", "portproof"))):
            path = place / name
            if path.is_file():
                table = _read(path, keys)
                if table is not None:
                    return path, table
    return folder, {}


def _read(path: Path, keys: tuple[str, ...]) -> Table | None:
    try:
        table: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PortproofError("E-CONFIG", f"not a TOML file: {error}", where=str(path)) from error
    for key in keys:
        table = table.get(key)
        if not isinstance(table, dict):
            return None
    return dict(table)


def _options_of_commands(group: click.Group, ctx: click.Context) -> dict[str, dict[str, click.Option]]:
    """The options of every command by the key that names them: ``--io-layout`` is ``io-layout``."""
    commands = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    return {name: _keys(command) for name, command in commands.items() if command is not None}


def _keys(command: click.Command) -> dict[str, click.Option]:
    return {
        max(param.opts, key=len).removeprefix("--"): param
        for param in command.params
        if isinstance(param, click.Option) and param.name != "as_json"
    }


def _unknown(path: Path, prefix: str, table: Table, known: set[str]) -> list[Message]:
    messages = []
    for key in sorted(set(table) - known):
        near = difflib.get_close_matches(key, sorted(known), n=1)
        messages.append(_wrong(path, prefix + key, "no such option", f"did you mean {near[0]}?" if near else ""))
    return messages


def _listed(option: click.Option, value: Any) -> Any:
    """A lone value for an option that may be repeated is a list of one."""
    return [value] if option.multiple and not isinstance(value, list) else value


def _check(path: Path, ctx: click.Context, option: click.Option, key: str, value: Any) -> list[Message]:
    try:
        option.type_cast_value(ctx, _listed(option, value))
    except click.BadParameter as error:
        return [_wrong(path, key, error.message)]
    return []


def _wrong(path: Path, key: str, what: str, hint: str = "") -> Message:
    return Message(code="E-CONFIG", what=f"{key}: {what}", where=str(path), hint=hint, details={"key": key})

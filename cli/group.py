"""The group of commands: every file of `cli/commands` with a `command` in it, no list to edit."""

import importlib
import pkgutil

import click

from portproof.cli import commands
from portproof.cli.config import read_defaults


class Commands(click.Group):
    """A group whose commands are modules, imported when one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the modules, in alphabetical order."""
        return sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that module."""
        if name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"portproof.cli.commands.{name}")
        command = module.command
        assert isinstance(command, click.Command)  # noqa: S101 - for the type checker; a test loads every one
        return command


@click.group(
    cls=Commands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "auto_envvar_prefix": "PORTPROOF",
        "max_content_width": 110,
    },
    epilog="Options may also be set in [tool.portproof] of pyproject.toml or in portproof.toml, and by "
    "environment variables: PORTPROOF_EXPORT_SEED=1 for `export --seed 1`.",
)
@click.version_option(package_name="portproof", message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Port trained torch models to TFLite and ONNX Runtime, and prove that they compute the same thing."""
    group = ctx.command
    assert isinstance(group, click.Group)  # noqa: S101 - for the type checker
    ctx.default_map = read_defaults(group, ctx)

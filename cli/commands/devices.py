"""`portproof devices`: the device profiles there are, what they say, and new ones."""

import importlib
import pkgutil

import click

from portproof.cli import devices


class DeviceCommands(click.Group):
    """A group whose commands are the modules of `cli/devices`, imported when one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names of the modules, in alphabetical order."""
        return sorted(module.name.rstrip("_") for module in pkgutil.iter_modules(devices.__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that module; one whose name Python uses itself ends in an underscore."""
        modules = {module.name.rstrip("_"): module.name for module in pkgutil.iter_modules(devices.__path__)}
        if name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"portproof.cli.devices.{modules[name]}").command
        assert isinstance(command, click.Command)  # noqa: S101 - for the type checker; a test loads every one
        return command


@click.group("devices", cls=DeviceCommands)
def command() -> None:
    """The devices that -d knows: docs/devices.md tells how to write a profile."""

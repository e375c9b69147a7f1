"""`portproof completion SHELL`: the script that gives a shell completion."""

import click

_WHERE = {
    "bash": 'eval "$(portproof completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(portproof completion zsh)"   # in ~/.zshrc',
    "fish": "portproof completion fish > ~/.config/fish/completions/portproof.fish",
}


@click.command("completion", epilog="Install it with: " + "; ".join(_WHERE.values()))
@click.argument("shell", type=click.Choice(sorted(_WHERE)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of SHELL."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click has no completion for {shell}")
    click.echo(kind(ctx.find_root().command, {}, "portproof", "_PORTPROOF_COMPLETE").source())

"""`hotseat completion`: lets the shell complete commands and options."""

import click


@click.command(short_help="Print the shell's completion script.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script that lets your shell complete commands, options and ids of conversations.

    \b
    Examples:
      source <(hotseat completion bash)      in ~/.bashrc
      source <(hotseat completion zsh)       in ~/.zshrc, after compinit
      hotseat completion fish | source       in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class

    from hotseat_cli.main import main

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"click knows no completion for {shell}")
    click.echo(kind(main, {}, "hotseat", "_HOTSEAT_COMPLETE").source())

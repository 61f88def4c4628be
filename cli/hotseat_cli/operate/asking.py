"""Asks before something is lost."""

import sys
from collections.abc import Sequence

import click

from hotseat_cli.failure import fail
from hotseat_cli.script import harmless


def confirmed(names: Sequence[str], things: str = "conversations") -> bool:
    """Whether the user says yes to deleting these; anything but a yes is a no."""
    if not sys.stdin.isatty():
        fail("nobody can be asked whether to delete for good: add --yes", 2)
    what = names[0] if len(names) == 1 else f"{len(names)} {things}"
    click.echo(f"Delete {harmless(what)} for good? [y/N] ", err=True, nl=False)
    try:
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
    except KeyboardInterrupt:
        click.echo(err=True)
        return False

"""Asks before something is lost."""

import sys
from collections.abc import Sequence

import click

from hotseat_cli.failure import fail
from hotseat_cli.script import harmless


def confirmed(conversation_ids: Sequence[str]) -> bool:
    """Whether the user says yes to deleting these; anything but a yes is a no."""
    if not sys.stdin.isatty():
        fail("nobody can be asked whether to delete for good: add --yes", 2)
    what = conversation_ids[0] if len(conversation_ids) == 1 else f"{len(conversation_ids)} conversations"
    click.echo(f"Delete {harmless(what)} for good? [y/N] ", err=True, nl=False)
    try:
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
    except KeyboardInterrupt:
        click.echo(err=True)
        return False

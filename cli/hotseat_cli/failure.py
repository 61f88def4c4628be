"""How a command ends badly: one line that says what to do, and an exit code."""

import sys
from typing import NoReturn

import click


def fail(message: str, exit_code: int = 1) -> NoReturn:
    """End the command with its reason on standard error."""
    click.echo(f"hotseat: {message}", err=True)
    sys.exit(exit_code)

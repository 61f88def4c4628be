"""How a command ends badly: one line that says what to do, and an exit code."""

import sys
from typing import NoReturn

import click


class CommandFailed(Exception):
    """A command can't do what it was asked to; the message says what to do next."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def complain(message: str) -> None:
    """Say what went wrong, on standard error."""
    click.echo(f"hotseat: {message}", err=True)


def fail(message: str, exit_code: int = 1) -> NoReturn:
    """End the command with its reason on standard error."""
    complain(message)
    sys.exit(exit_code)

"""Opens what a command needs open while it is started."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hotseat_core.worker.command import Command


@contextlib.contextmanager
def opened(command: Command) -> Iterator[Command]:
    """Give the command with its file open, for as long as starting it takes. Raises OSError."""
    if command.file is None:
        yield command
        return
    # Each has a descriptor of its own: who reads it moves its position.
    with Path(command.file).open("rb") as file:
        yield command.with_file(file.fileno())

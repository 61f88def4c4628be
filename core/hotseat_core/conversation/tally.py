"""What is counted of turns while they run; who counts is the server's to say."""

import enum
from typing import Protocol

from hotseat_core.worker.troubles import Troubles


class ResumePath(enum.Enum):
    """How a process came to hold what was said before."""

    HOT = "hot"  # it held just that
    REWIND = "rewind"  # it held more, or something else after a common beginning, and went back
    SEED = "seed"  # it was told, message by message
    TRANSCRIPT = "transcript"  # it was started with a file of it


class Tally(Protocol):
    """Somebody who counts."""

    def note_resume(self, path: ResumePath) -> None:
        """A turn's process holds its conversation."""

    def note_troubles(self, troubles: Troubles) -> None:
        """A turn has ended on its process, and that is what its calls to the model went through."""


class Uncounted:
    """Nobody counts."""

    def note_resume(self, path: ResumePath) -> None:
        """Let it pass."""

    def note_troubles(self, troubles: Troubles) -> None:
        """Let it pass."""

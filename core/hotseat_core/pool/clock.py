"""The pool's sense of time, so that a test can hand in its own."""

from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something that will happen."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock(Protocol):
    """The time, and a call at a time: an event loop is one."""

    def time(self) -> float:
        """Seconds, never going back."""

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer:
        """Call at this time."""

"""The terminal while `hotseat top` has it: a screen of its own, keys without Enter; all as before once it is left."""

import asyncio
import os
import signal
import sys
import termios
import tty
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

_ENDING = (signal.SIGINT, signal.SIGTERM)


class Screen:
    """Draws whole pictures; `on_wake` is called where one should be drawn before its time.

    `left` is true once the user wants to go: by q, Ctrl-C or a signal. Ctrl-Z gives the terminal back meanwhile.
    """

    def __init__(self, console: "Console", on_wake: Callable[[], None]) -> None:
        self._console = console
        self._on_wake = on_wake
        self._loop = asyncio.get_running_loop()
        self._live: Live | None = None
        self._terminal_before: list[Any] | None = None
        self.left = False

    def __enter__(self) -> Self:
        for number in _ENDING:
            self._loop.add_signal_handler(number, self._leave)
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        self._loop.add_signal_handler(signal.SIGWINCH, self._on_wake)
        self._take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()
        for number in (*_ENDING, signal.SIGTSTP, signal.SIGWINCH):
            self._loop.remove_signal_handler(number)

    def draw(self, picture: "RenderableType") -> None:
        """Show this, and nothing else."""
        if self._live is not None:
            self._live.update(picture, refresh=True)

    def _take(self) -> None:
        from rich.live import Live

        self._live = Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._live.start()
        if sys.stdin.isatty():
            self._terminal_before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
            self._loop.add_reader(sys.stdin, self._read)

    def _give_back(self) -> None:
        if self._terminal_before is not None:
            self._loop.remove_reader(sys.stdin)
            termios.tcsetattr(sys.stdin, termios.TCSAFLUSH, self._terminal_before)
            self._terminal_before = None
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _read(self) -> None:
        try:
            typed = os.read(sys.stdin.fileno(), 64)
        except OSError:  # the terminal is gone
            typed = b""
        if not typed or b"q" in typed.lower():
            self._leave()

    def _leave(self) -> None:
        self.left = True
        self._on_wake()

    def _suspend(self) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)  # here the process stands until the shell's `fg`
        self._take()
        self._on_wake()

"""Writes to the terminal, and asks there."""

import asyncio
import os
import sys

from hotseat_cli.script import Piece, Tone, harmless

_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"


class Terminal:
    """The answer goes to standard output, everything else to standard error.

    Both keep whole lines apart: an aside never begins in the middle of the answer's line.
    """

    def __init__(self, *, colour: bool) -> None:
        self._dim = colour and sys.stderr.isatty()
        self._is_screen = sys.stdout.isatty()
        self._asking = asyncio.Lock()
        self._mid_line: Tone | None = None  # whose line is unfinished

    def write(self, piece: Piece) -> None:
        """Write a piece at once."""
        if piece.tone is Tone.ASIDE:
            self.aside(piece.text)
        elif piece.text:
            if self._mid_line not in {None, piece.tone}:
                self.end_line()
            self._put(piece)
            self._mid_line = None if piece.text.endswith("\n") else piece.tone

    def _put(self, piece: Piece) -> None:
        if piece.tone is Tone.ANSWER:
            print(harmless(piece.text) if self._is_screen else piece.text, end="", flush=True)
        else:
            print(self._dimmed(harmless(piece.text)), end="", file=sys.stderr, flush=True)

    def aside(self, line: str) -> None:
        """Write a line beside the answer."""
        if self._is_screen or self._mid_line is Tone.THINKING:
            self.end_line()
        print(self._dimmed(harmless(line)), file=sys.stderr, flush=True)

    def end_line(self) -> None:
        """Finish the line that is being written, if any."""
        if self._mid_line is not None:
            print(file=sys.stdout if self._mid_line is Tone.ANSWER else sys.stderr, flush=True)
            self._mid_line = None

    def _dimmed(self, text: str) -> str:
        return f"{_DIM}{text}{_PLAIN}" if self._dim else text

    async def allows(self, question: str) -> bool:
        """Whether the user says yes to a question; only one is asked at a time."""
        async with self._asking:
            self.end_line()
            print(f"{harmless(question)}\nAllow it? [y/N] ", end="", file=sys.stderr, flush=True)
            return (await _line()).strip().lower() in {"y", "yes"}


async def _line() -> str:
    """A line typed by the user; "" at the end of the input."""
    loop = asyncio.get_running_loop()
    typed: asyncio.Future[bytes] = loop.create_future()
    descriptor = sys.stdin.fileno()

    def read() -> None:
        if not typed.done():
            typed.set_result(os.read(descriptor, 4096))

    loop.add_reader(descriptor, read)
    try:
        return (await typed).decode(errors="replace")
    finally:
        loop.remove_reader(descriptor)

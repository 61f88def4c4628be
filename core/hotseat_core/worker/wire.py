"""The control protocol over a process: calls and their answers, and everything else as it comes."""

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any

from hotseat_core.errors import WorkerLost
from hotseat_core.worker import control
from hotseat_core.worker.command import Command
from hotseat_core.worker.frames import Message, decode
from hotseat_core.worker.process import LineProcess

logger = logging.getLogger(__name__)

_GARBAGE_LIMIT = 10  # lines of output that are no JSON object, before the process is given up

Line = tuple[bytes, Message]
Calls = asyncio.Future[dict[str, Any]]


class Wire:
    """One process and what we have asked of it. on_batch gets what it says by itself, on_exit its end."""

    def __init__(self, on_batch: Callable[[list[Line]], None], on_exit: Callable[[WorkerLost], None]) -> None:
        self._on_batch = on_batch
        self._on_exit = on_exit
        self._process: LineProcess | None = None
        self._numbers = itertools.count(1)
        self._calls: dict[str, Calls] = {}
        self._garbage = 0

    async def start(self, command: Command) -> None:
        """Spawn the process. Raises OSError."""
        self._process = await LineProcess.start(command, self._read, self._exited)

    @property
    def pid(self) -> int:
        """The command's own process id, once it was found; 0: it was never spawned."""
        return self._process.pid if self._process is not None else 0

    @property
    def root_pid(self) -> int:
        """The id of the process that we started; 0: it was never spawned."""
        return self._process.root_pid if self._process is not None else 0

    def look_inside(self) -> None:
        """Find the command's own process inside its containment: it has spoken, so it is there."""
        if self._process is not None:
            self._process.look_inside()

    @property
    def last_words(self) -> str:
        """Why the process is gone, as the end of a sentence; empty where it said nothing."""
        words = self._process.last_words if self._process is not None else ""
        return f": {words}" if words else ""

    def write(self, *frames: bytes) -> None:
        """Send frames. Raises WorkerLost."""
        if self._process is None or self._process.exited.is_set():
            raise WorkerLost(f"the CLI has ended{self.last_words}")
        self._process.write(b"".join(frames))

    def call(self, subtype: str, **fields: Any) -> Calls:
        """Ask something of the CLI; the answer fails with WorkerLost where it refuses or ends. Raises WorkerLost."""
        request_id = f"h{next(self._numbers)}"
        self.write(control.call(request_id, subtype, **fields))
        answer: Calls = asyncio.get_running_loop().create_future()
        self._calls[request_id] = answer
        return answer

    def demand(self, subtype: str, on_refusal: Callable[[str], None], **fields: Any) -> None:
        """Ask without waiting; on_refusal hears it if the CLI refuses, not if it ends. Raises WorkerLost."""

        def check(answer: Calls) -> None:
            has_ended = self._process is None or self._process.exited.is_set()
            if not answer.cancelled() and (exc := answer.exception()) is not None and not has_ended:
                on_refusal(f"{subtype} failed: {exc}")

        self.call(subtype, **fields).add_done_callback(check)

    def kill(self) -> None:
        """End the process at once; whoever waits for it hears of it as of any other end."""
        if self._process is not None:
            self._process.kill()

    async def aclose(self, *, gently: bool) -> None:
        """Return when the process is gone."""
        if self._process is not None:
            await self._process.aclose(gently=gently)

    def _read(self, lines: list[bytes]) -> None:
        batch: list[Line] = []
        for line in lines:
            message = decode(line)
            if message is None:
                self._on_garbage(line)
            elif message.get("type") == "control_response":
                self._on_answer(message)
            else:
                batch.append((line, message))
        self._on_batch(batch)

    def _on_answer(self, message: Message) -> None:
        frame = control.parse(message)
        if not isinstance(frame, control.Answer):
            logger.warning("the CLI gave an answer that is not understood", extra={"pid": self.pid})
            return
        answer = self._calls.pop(frame.request_id, None)
        if answer is None or answer.done():
            return
        if frame.error:
            answer.set_exception(WorkerLost(f"the CLI refused: {frame.error}"))
        else:
            answer.set_result(frame.payload)

    def _on_garbage(self, line: bytes) -> None:
        self._garbage += 1
        logger.warning("the CLI wrote a line that is no JSON object", extra={"pid": self.pid, "size": len(line)})
        if self._garbage > _GARBAGE_LIMIT and self._process is not None:
            self._process.kill()

    def _exited(self) -> None:
        code = self._process.returncode if self._process is not None else None
        lost = WorkerLost(f"the CLI ended (exit code {code}){self.last_words}")
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(lost)
                answer.exception()  # seen: nobody may be waiting any more
        self._calls.clear()
        self._on_exit(lost)

"""Brings the CLI's session to hold what is wanted: by going back, and by telling it what was said."""

import asyncio
import logging
import uuid
from collections.abc import Sequence

from hotseat_core.errors import WorkerLost
from hotseat_core.worker import control
from hotseat_core.worker.frames import Message
from hotseat_core.worker.open_calls import OpenCalls
from hotseat_core.worker.opening import Opening
from hotseat_core.worker.rows import Row
from hotseat_core.worker.session import CannotAlignError, Session
from hotseat_core.worker.wire import Wire

logger = logging.getLogger(__name__)

_ALIGN_TIMEOUT_S = 15.0  # and a second for each row to seed, which takes some ten milliseconds
_REWIND_TIMEOUT_S = 3.0  # it takes 3 to 30 ms; a CLI that hangs must not keep its conversation waiting
# Calls are left open so long: the CLI must not get to the end of its own patience, and go on without the client.
_OPEN_S = 20.0


class Aligner:
    """Of one worker. Whoever has it closes it before its wire."""

    def __init__(self, wire: Wire, calls: OpenCalls, opening: Opening | None) -> None:
        self.session = Session()
        self._wire = wire
        self._calls = calls
        self._opening = opening  # what the session begins with; None: nothing, or the CLI has shown that it holds it
        if opening is not None:
            self.session.begin(opening.rows, opening.uuids)
        self._seeds: dict[str, asyncio.Future[None]] = {}  # by uuid of the user frame
        self._timer: asyncio.TimerHandle | None = None  # until calls that are open are undone
        self._undoing: asyncio.Task[None] | None = None

    async def align(self, rows: Sequence[Row], *, is_next: bool, stays_open: bool) -> None:
        """Bring the session to hold these rows.

        is_next: a prompt comes now; else calls that stay open do so for a while. Raises CannotAlignError, WorkerLost
        or TimeoutError.
        """
        self._stop_waiting()
        if self._undoing is not None:
            await asyncio.wait([self._undoing])
        await self._bring(rows, stays_open=stays_open)
        if self.session.is_open and not is_next:
            self._timer = asyncio.get_running_loop().call_later(_OPEN_S, self._begin_undoing)

    def note_result(self, result: Message) -> None:
        """The CLI has taken a row, if the result is of one."""
        taken = self._seeds.get(str(result.get("user_message_uuid")))
        if taken is not None and not taken.done():
            taken.set_result(None)

    def give_up(self, lost: WorkerLost) -> None:
        """The process has ended."""
        self._stop_waiting()
        for taken in (seed for seed in self._seeds.values() if not seed.done()):
            taken.set_exception(lost)

    async def aclose(self) -> None:
        """Return when nothing is under way by itself."""
        self._stop_waiting()
        if self._undoing is not None:
            self._undoing.cancel()
            await asyncio.wait([self._undoing])

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _begin_undoing(self) -> None:
        self._undoing = asyncio.get_running_loop().create_task(self._undo(), name="undo the turn of open calls")

    async def _undo(self) -> None:
        """Take back the turn whose calls are open, and tell the CLI of it instead: it no longer waits then."""
        try:
            await self._bring(tuple(self.session.rows), stays_open=False)
        except (CannotAlignError, WorkerLost, TimeoutError) as exc:
            logger.info("a worker is replaced", extra={"reason": str(exc)})
            self._wire.kill()
        finally:
            self._undoing = None

    async def _bring(self, rows: Sequence[Row], *, stays_open: bool) -> None:
        way = self.session.plan(rows, stays_open=stays_open)
        async with asyncio.timeout(_ALIGN_TIMEOUT_S + len(way.seed)):
            if self._opening is not None:
                await self._confirm(self._opening)
            if way.rewind_to:
                await self._rewind(way.rewind_to, way.last_seen)
            for row in way.seed:
                await self._seed(row)

    async def _confirm(self, opening: Opening) -> None:
        """Return when the CLI has shown that it holds the opening. Raises CannotAlignError."""
        # It goes back to no prompt but the last one unless it hears which one was last: this changes nothing.
        response = await self._wire.call("rewind_conversation", target_message_uuid=opening.first_prompt)
        if response.get("reason") != "stale_target":
            raise CannotAlignError(f"the CLI did not take up the history it was given: {response.get('reason')}")
        self._opening = None

    async def _rewind(self, target: str, last_seen: str) -> None:
        self.session.is_open = False  # the CLI withdraws the calls now, and that is no news
        async with asyncio.timeout(_REWIND_TIMEOUT_S):
            response = await self._wire.call(
                "rewind_conversation",
                target_message_uuid=target,
                last_seen_user_message_uuid=last_seen,
                interrupt_if_running=True,
            )
        if not response.get("rewound"):
            raise WorkerLost(f"the CLI can't go back: {response.get('reason') or response.get('error')}")
        self.session.rewound(target)
        self._calls.clear()

    async def _seed(self, row: Row) -> None:
        frame_uuid = str(uuid.uuid4())
        if row.role == "assistant":
            self._wire.write(control.assistant_frame(frame_uuid, row.content))
        else:
            taken = self._seeds[frame_uuid] = asyncio.get_running_loop().create_future()
            try:
                self._wire.write(control.user_frame(frame_uuid, row.content, query=False))
                # User frames queue, assistant frames do not: the next row must wait for this one.
                await taken
            finally:
                del self._seeds[frame_uuid]
        self.session.add(row, frame_uuid)

"""Permission requests, decided by a callback of the caller's program."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from hotseat import pb

Decision: TypeAlias = pb.PermissionAllow | pb.PermissionDeny
OnPermission: TypeAlias = Callable[[pb.PermissionRequest], Awaitable[Decision]]

_PARTING_S = 0.25


class Permissions:
    """Asks the callback beside the reading, which goes on: a decision may take its time."""

    def __init__(self, on_permission: OnPermission | None, decide: Callable[[str, Decision], Awaitable[None]]) -> None:
        self._on_permission = on_permission
        self._decide = decide
        self._deciding: set[asyncio.Task[None]] = set()
        self._failure: Exception | None = None

    def heed(self, event: pb.ConverseResponse) -> None:
        """Have the callback decide, if this event asks. Raises what the callback raised since the last event."""
        if self._on_permission is None:
            return
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if event.HasField("permission_request"):
            name = f"decide on {event.permission_request.permission_id}"
            task = asyncio.create_task(self._ask(self._on_permission, event.permission_request), name=name)
            self._deciding.add(task)
            task.add_done_callback(self._deciding.discard)

    async def aclose(self) -> None:
        """Stop asking; what was not decided is refused by the server."""
        for task in self._deciding:
            task.cancel()
        if self._deciding:
            await asyncio.wait(self._deciding, timeout=_PARTING_S)

    async def _ask(self, on_permission: OnPermission, request: pb.PermissionRequest) -> None:
        decision: Decision = pb.PermissionDeny(message="nobody could be asked")
        try:
            decision = _made(await on_permission(request))
        except Exception as error:  # noqa: BLE001 - whoever reads the turn gets it
            self._failure = error
        try:
            await self._decide(request.permission_id, decision)
        except Exception as error:  # noqa: BLE001 - whoever reads the turn gets it
            self._failure = error


def _made(decision: Decision | None) -> Decision:
    if decision is None:
        raise TypeError("the permission callback decided nothing")
    return decision

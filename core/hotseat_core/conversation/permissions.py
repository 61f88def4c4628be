"""The CLI's questions whether it may use a tool: answered by policy, or put to the client."""

import asyncio
import time
from collections.abc import Sequence

from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import Verdict, verdict
from hotseat_core.errors import InvalidMessage, NothingPending
from hotseat_core.events import Event, PermissionRequested, Raw, RequestsCancelled
from hotseat_core.worker.frames import decode
from hotseat_core.worker.worker import Worker

_REFUSED = "Permission was refused by the server's policy. Go on without it."
_TOO_LATE = "Nobody decided in time, so permission is refused. Go on without it."


class _Question:
    """One question that waits for the client."""

    def __init__(self, worker: Worker, request: PermissionRequested, timer: asyncio.TimerHandle) -> None:
        self.worker = worker
        self.request = request
        self.timer = timer


class Permissions:
    """The questions of the running turn."""

    def __init__(self) -> None:
        self._open: dict[str, _Question] = {}

    @property
    def is_waiting(self) -> bool:
        """A question waits for the client."""
        return bool(self._open)

    def sift(
        self, worker: Worker, events: list[Event], settings: ConversationSettings, *, has_reader: bool
    ) -> list[Event]:
        """Answer what the policy answers; return the events that the log should hold."""
        told: list[Event] = []
        for event in events:
            if isinstance(event, PermissionRequested):
                told += self._on_request(worker, event, settings, has_reader=has_reader)
            elif not isinstance(event, Raw):
                if isinstance(event, RequestsCancelled):
                    self._withdraw(event.permission_ids)
                told.append(event)
        return told

    def allow(self, permission_id: str, updated_input_json: str, remember_rules: Sequence[str]) -> None:
        """Let the tool run. Raises NothingPending, or InvalidMessage where the input or a rule makes no sense."""
        question = self._question(permission_id)
        suggested = question.request.suggested_rules
        if not set(remember_rules) <= set(suggested):
            raise InvalidMessage("remember_rules holds a rule that the request did not suggest")
        input_json = updated_input_json or question.request.input_json
        if decode(input_json.encode()) is None:
            raise InvalidMessage("updated_input_json is no JSON object")
        self._close(permission_id)
        question.worker.allow(permission_id, input_json, remember_rules)

    def deny(self, permission_id: str, message: str, *, interrupt: bool) -> None:
        """Keep the tool from running. Raises NothingPending."""
        question = self._question(permission_id)
        self._close(permission_id)
        question.worker.deny(permission_id, message or "The user refused.", interrupt=interrupt)

    def clear(self) -> None:
        """The turn has ended: no question waits any more."""
        self._withdraw(tuple(self._open))

    def _on_request(
        self, worker: Worker, request: PermissionRequested, settings: ConversationSettings, *, has_reader: bool
    ) -> list[Event]:
        match verdict(settings.permission_mode, has_reader=has_reader):
            case Verdict.ALLOW:
                worker.allow(request.permission_id, request.input_json)
                return []
            case Verdict.DENY:
                worker.deny(request.permission_id, _REFUSED)
                return []
        timeout_s = settings.decision_timeout_s
        timer = asyncio.get_running_loop().call_later(timeout_s, self._expire, request.permission_id)
        self._open[request.permission_id] = _Question(worker, request, timer)
        return [
            PermissionRequested(
                request.permission_id,
                request.tool_use_id,
                request.tool_name,
                request.input_json,
                request.description,
                request.suggested_rules,
                time.time() + timeout_s,
            )
        ]

    def _question(self, permission_id: str) -> _Question:
        question = self._open.get(permission_id)
        if question is None:
            raise NothingPending(f"no permission request {permission_id!r} waits for a decision")
        return question

    def _expire(self, permission_id: str) -> None:
        question = self._open.pop(permission_id, None)
        if question is not None:
            question.worker.deny(permission_id, _TOO_LATE)

    def _withdraw(self, permission_ids: Sequence[str]) -> None:
        for permission_id in permission_ids:
            if permission_id in self._open:
                self._close(permission_id)

    def _close(self, permission_id: str) -> None:
        self._open.pop(permission_id).timer.cancel()

"""The CLI's questions: answered by policy, by the client, or by time."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest
from hotseat_core.conversation.permissions import Permissions
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.errors import InvalidMessage, NothingPending
from hotseat_core.events import Event, PermissionRequested, Raw, RequestsCancelled, TextDelta
from hotseat_core.worker.setup import PermissionMode, SessionSetup
from hotseat_core.worker.worker import Worker

REQUEST = PermissionRequested("p1", "t1", "Bash", '{"command":"ls"}', "List", ("Bash(ls:*)",))


class Decisions:
    """What was decided: the part of a worker that takes decisions."""

    def __init__(self) -> None:
        self.made: list[tuple[object, ...]] = []
        self.news = asyncio.Event()

    def allow(self, permission_id: str, input_json: str, remember_rules: Sequence[str] = ()) -> bool:
        return self._note("allow", permission_id, input_json, tuple(remember_rules))

    def deny(self, permission_id: str, message: str, *, interrupt: bool = False) -> bool:
        return self._note("deny", permission_id, message, interrupt)

    def _note(self, *decision: object) -> bool:
        self.made.append(decision)
        self.news.set()
        return True


class Desk:
    """Permissions, and what they decided."""

    def __init__(self, mode: PermissionMode = PermissionMode.ASK, timeout_s: float = 60.0) -> None:
        self.settings = ConversationSettings(
            "claude-code", SessionSetup(permission_mode=mode), decision_timeout_s=timeout_s
        )
        self.permissions = Permissions()
        self.decisions = Decisions()

    def sift(self, *events: Event, has_reader: bool = True) -> list[Event]:
        worker = cast("Worker", self.decisions)
        return self.permissions.sift(worker, list(events), self.settings, has_reader=has_reader)


async def test_what_the_client_decides_on_is_told_with_its_time() -> None:
    desk = Desk()
    (told,) = desk.sift(REQUEST)
    assert isinstance(told, PermissionRequested)
    assert told.expire_time is not None
    assert (told.permission_id, told.input_json) == ("p1", '{"command":"ls"}')
    assert desk.permissions.is_waiting
    assert desk.decisions.made == []
    desk.permissions.clear()
    assert not desk.permissions.is_waiting


@pytest.mark.parametrize(
    ("mode", "has_reader", "decision"),
    [
        (PermissionMode.BYPASS, True, "allow"),
        (PermissionMode.DENY, True, "deny"),
        (PermissionMode.ACCEPT_EDITS, True, "deny"),
        (PermissionMode.PLAN, True, "deny"),
        (PermissionMode.ASK, False, "deny"),
    ],
)
async def test_what_the_policy_decides_is_not_told(mode: PermissionMode, has_reader: bool, decision: str) -> None:
    desk = Desk(mode)
    assert desk.sift(TextDelta("a", 0), REQUEST, has_reader=has_reader) == [TextDelta("a", 0)]
    assert desk.decisions.made[0][:2] == (decision, "p1")
    assert not desk.permissions.is_waiting


async def test_the_clis_own_lines_are_not_for_the_log() -> None:
    assert Desk().sift(Raw("{}"), TextDelta("a", 0)) == [TextDelta("a", 0)]


@pytest.mark.parametrize(("updated", "sent"), [("", '{"command":"ls"}'), ('{"command":"pwd"}', '{"command":"pwd"}')])
async def test_an_allowed_tool_runs_as_asked_or_as_changed(updated: str, sent: str) -> None:
    desk = Desk()
    desk.sift(REQUEST)
    desk.permissions.allow("p1", updated, ("Bash(ls:*)",))
    assert desk.decisions.made == [("allow", "p1", sent, ("Bash(ls:*)",))]
    with pytest.raises(NothingPending):
        desk.permissions.allow("p1", "", ())


@pytest.mark.parametrize(
    ("updated", "rules"), [("nonsense", ()), ("[1]", ()), ('"text"', ()), ("", ("Bash",)), ("", ("Bash(ls:*)", "Rm"))]
)
async def test_a_decision_that_makes_no_sense_leaves_the_question_open(updated: str, rules: tuple[str, ...]) -> None:
    desk = Desk()
    desk.sift(REQUEST)
    with pytest.raises(InvalidMessage):
        desk.permissions.allow("p1", updated, rules)
    assert desk.decisions.made == []
    desk.permissions.deny("p1", "", interrupt=True)
    assert desk.decisions.made == [("deny", "p1", "The user refused.", True)]


async def test_nobody_decides_on_what_was_not_asked() -> None:
    desk = Desk()
    desk.sift(REQUEST)
    with pytest.raises(NothingPending):
        desk.permissions.deny("p2", "no", interrupt=False)
    desk.permissions.clear()
    with pytest.raises(NothingPending):
        desk.permissions.deny("p1", "no", interrupt=False)


async def test_what_nobody_decides_on_in_time_is_refused() -> None:
    desk = Desk(timeout_s=0.01)
    desk.sift(REQUEST)
    await desk.decisions.news.wait()
    assert desk.decisions.made[0][:2] == ("deny", "p1")
    assert not desk.permissions.is_waiting


async def test_what_the_cli_withdraws_needs_no_decision() -> None:
    desk = Desk(timeout_s=0.01)
    assert desk.sift(REQUEST, RequestsCancelled(("p1", "unknown")))[1:] == [RequestsCancelled(("p1", "unknown"))]
    assert not desk.permissions.is_waiting
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await desk.decisions.news.wait()

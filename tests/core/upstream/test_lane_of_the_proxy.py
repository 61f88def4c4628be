"""What the proxy makes of what a key allows its requests: they wait, are refused, and are counted."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from hotseat_core.access.account import KeyAccount
from hotseat_core.access.caller import Caller, Limits
from hotseat_core.access.key import Use
from hotseat_core.errors import Reason
from hotseat_core.events import Failure, Usage
from hotseat_core.upstream.call_trace import CallTrace
from hotseat_core.upstream.connections import Connections, UnreachableError
from hotseat_core.upstream.door import Door
from hotseat_core.upstream.lane import Calls, Patience
from hotseat_core.upstream.provider_side import ProviderSide
from hotseat_core.upstream.refusals import retry_after_s

from tests.core.upstream.conftest import Client, OpenScene, Scene
from tests.core.upstream.test_call_trace import FakeSpan
from tests.core.upstream.test_lane import Heard, settled
from tests.fakes.provider import Got, Line, whole


def account(**limits: int) -> KeyAccount:
    """A key's."""
    return KeyAccount(Caller(key_id="key_1", limits=Limits(**limits)), Use())


def bounded(concurrent_calls: int) -> Calls:
    """Those of a turn of a key of its own."""
    return account(concurrent_calls=concurrent_calls).admit()


@dataclass
class Held:
    """A provider that answers when it is told to, in the order in which it was asked."""

    scene: Scene
    asked: list[bytes] = field(default_factory=list)
    open: list[Line] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.scene.provider.answer = self._keep

    async def _keep(self, line: Line, got: Got) -> None:
        self.asked.append(got.body)
        self.open.append(line)
        self._changed.set()

    async def until_asked(self, *bodies: bytes) -> None:
        while len(self.asked) < len(bodies):
            self._changed.clear()
            await self._changed.wait()
        assert self.asked == list(bodies)

    async def answer(self) -> None:
        """Answer the one that was asked first."""
        await self.open.pop(0).send(whole(b"{}"))


async def asking(scene: Scene, body: bytes, door: Door | None = None) -> Client:
    client = await scene.client(door)
    client.ask(body)
    return client


async def test_what_is_beyond_the_limit_waits_in_the_core_until_an_answer_has_ended(open_scene: OpenScene) -> None:
    heard = Heard()
    async with open_scene(patience=Patience(60, heard)) as scene:
        provider, scene.door.account.calls = Held(scene), bounded(1)
        other = await scene.proxy.open("w2")
        other.account.calls = scene.door.account.calls  # a turn of the same key
        first = await asking(scene, b"1")
        await provider.until_asked(b"1")
        second = await asking(scene, b"2", other)
        await heard.until(1)
        assert provider.asked == [b"1"]
        await provider.answer()
        assert (await first.answer())[0] == 200
        await provider.until_asked(b"1", b"2")
        await provider.answer()
        assert (await second.answer())[0] == 200
        assert (heard.waiting, heard.ended) == (0, ["served"])
        assert [call.status for call in scene.calls] == [200, 200]
        other.close()


async def test_other_keys_and_callers_without_one_do_not_wait(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        provider, scene.door.account.calls = Held(scene), bounded(1)
        keyed, free = await scene.proxy.open("w2"), await scene.proxy.open("w3")
        keyed.account.calls = bounded(1)
        for body, door in ((b"1", scene.door), (b"2", keyed), (b"3", free), (b"4", free)):
            await asking(scene, body, door)
            await provider.until_asked(*(b"%d" % (number + 1) for number in range(int(body))))
        keyed.close()
        free.close()


async def test_a_worker_that_hangs_up_while_it_waits_has_asked_nothing(open_scene: OpenScene) -> None:
    heard = Heard()
    async with open_scene(patience=Patience(60, heard)) as scene:
        provider, scene.door.account.calls = Held(scene), bounded(1)
        first = await asking(scene, b"1")
        await provider.until_asked(b"1")
        turn = FakeSpan()
        scene.door.account.trace = CallTrace(turn)
        gone = await asking(scene, b"2")
        await heard.until(1)
        gone.hang_up()
        await heard.until(0, "cancelled")
        assert [call.failure for call in turn.children] == ["cut_off"]
        scene.door.account.trace = None
        await provider.answer()
        await first.answer()
        first.ask(b"3")
        await provider.until_asked(b"1", b"3")
        assert [call.status for call in scene.calls] == [200]


async def test_a_worker_that_hangs_up_in_the_middle_gives_its_place_to_the_next(open_scene: OpenScene) -> None:
    async with open_scene() as scene:
        provider, scene.door.account.calls = Held(scene), bounded(1)
        first = await asking(scene, b"1")
        await provider.until_asked(b"1")
        second = await asking(scene, b"2")
        first.hang_up()
        await provider.until_asked(b"1", b"2")
        provider.open.pop(0)
        await provider.answer()
        assert (await second.answer())[0] == 200


async def test_who_waits_too_long_is_told_when_to_come_again_and_may_use_the_connection(open_scene: OpenScene) -> None:
    async with open_scene(patience=Patience(0.01)) as scene:
        provider, scene.door.account.calls = Held(scene), bounded(1)
        first = await asking(scene, b"1")
        await provider.until_asked(b"1")
        second = await asking(scene, b"2")
        status, headers, body = await second.answer()
        assert status == 429
        assert retry_after_s([(name.encode(), value.encode()) for name, value in headers.items()], 0) == 2
        error = json.loads(body)["error"]
        assert error["type"] == "rate_limit_error"
        assert "may have 1 requests" in error["message"]
        refused = scene.door.account.refused
        assert refused is not None
        assert (refused.status, refused.retry_after_s) == (429, 2)
        await provider.answer()
        await first.answer()
        second.ask(b"3")
        await provider.until_asked(b"1", b"3")


async def test_a_door_that_closes_sends_nothing_of_what_waited(open_scene: OpenScene) -> None:
    heard = Heard()
    async with open_scene(patience=Patience(60, heard)) as scene:
        provider, key = Held(scene), account(concurrent_calls=1)
        scene.door.account.calls, lane = key.admit(), key.lane
        for number in range(4):
            await asking(scene, b"%d" % number)
            await provider.until_asked(b"0")
        await heard.until(3)
        scene.door.close()
        await heard.until(0, "cancelled", "cancelled", "cancelled")
        await settled()
        assert provider.asked == [b"0"]
        assert (lane.under_way, lane.waiting) == (0, 0)


async def test_a_provider_that_cannot_be_reached_leaves_the_place_to_the_next(
    open_scene: OpenScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(_connections: Connections) -> ProviderSide:
        raise UnreachableError("nobody is there")

    monkeypatch.setattr(Connections, "connect", unreachable)
    async with open_scene() as scene:
        key = account(concurrent_calls=1)
        scene.door.account.calls, lane = key.admit(), key.lane
        answers = [await asking(scene, b"1") for _ in range(3)]
        assert [(await client.answer())[0] for client in answers] == [502] * 3
        assert (lane.under_way, lane.waiting) == (0, 0)


# ---- budgets


ANSWER = b'{"model":"m","usage":{"input_tokens":7,"output_tokens":3}}'


async def test_what_each_request_used_counts_at_once_and_the_turn_adds_what_they_left_out(scene: Scene) -> None:
    key = account(tokens_per_day=100)
    permit = key.admit()
    scene.door.account.calls = permit

    async def answer(line: Line, _got: Got) -> None:
        await line.send(whole(ANSWER))

    scene.provider.answer = answer
    client = await scene.client()
    for used in (10, 20):
        client.ask()
        await client.answer()
        assert key.use.token_count == used
    permit.charge(Usage(input_tokens=20, output_tokens=5, cost_usd=0.5))
    assert (key.use.token_count, key.use.cost_usd) == (25, 0.5)
    permit.close()
    client.ask()  # by a tool that outlives the turn
    await client.answer()
    assert key.use.token_count == 30  # 5 of these 10 were in what the turn told


async def test_a_request_beyond_the_budget_is_refused_unasked_and_the_turns_failure_says_why(scene: Scene) -> None:
    key = account(tokens_per_day=10)
    scene.door.account.calls = key.admit()

    async def answer(line: Line, _got: Got) -> None:
        await line.send(whole(ANSWER))

    scene.provider.answer = answer
    client = await scene.client()
    client.ask()
    assert (await client.answer())[0] == 200
    client.ask()
    status, _, body = await client.answer()
    assert status == 400
    assert "budget of 10 tokens a day is spent" in json.loads(body)["error"]["message"]
    assert (len(scene.provider.got), len(scene.calls), key.lane.under_way) == (1, 1, 0)
    told = scene.door.account.correct(Failure(Reason.PROVIDER_REJECTED, "400", {"httpStatus": "400"}), 0.0)
    assert (told.reason, told.metadata["limit"]) == (Reason.BUDGET_SPENT, "tokens_per_day")
    assert told.retry_delay_s is not None
    assert told.retry_delay_s > 0

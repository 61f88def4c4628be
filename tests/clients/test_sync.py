"""The client for programs without asyncio, against a small core on a real socket; each test's program is a thread."""

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

import grpc
import hotseat
import pytest
from hotseat import HotseatError, pb
from hotseat.loop_thread import LoopThread
from hotseat.sync import Client, Talk, Tool

from tests.clients.test_callbacks import asking, calling, double
from tests.core.conftest import until
from tests.fakes.core import FakeCore, FakeTurn, failure, serving

OPENING = pb.OpenConversation(conversation_id="c1")
_T = TypeVar("_T")


async def program(core: FakeCore, run: Callable[[Client], _T]) -> _T:
    """What a program in a thread makes of a client of this core."""
    async with serving(core) as target, asyncio.timeout(20):

        def main() -> _T:
            with Client(target) as client:
                return run(client)

        return await asyncio.to_thread(main)


async def test_a_turn_is_yielded_from_its_start_to_its_completion() -> None:
    def run(client: Client) -> list[pb.ConverseResponse]:
        with client.converse(OPENING) as talk:
            assert talk.ready.conversation.conversation_id == "c1"
            return [*talk.ask("hello world"), *talk.ask("again")]

    core = FakeCore()
    events = await program(core, run)
    completed = [event.turn_completed.text for event in events if event.HasField("turn_completed")]
    assert completed == ["You said: hello world", "You said: again"]
    assert core.finished.is_set()  # a farewell, and no cancellation


async def test_a_running_turn_is_interrupted_from_another_thread() -> None:
    async def endless(turn: FakeTurn) -> None:
        await turn.started()
        await turn.interrupted.wait()
        await turn.completed(pb.TurnCompleted.OUTCOME_INTERRUPTED)

    def run(client: Client) -> int:
        with client.converse(OPENING) as talk:
            for event in talk.ask("go"):
                if event.HasField("turn_started"):
                    other = threading.Thread(target=talk.interrupt)
                    other.start()
                    other.join()
            return event.turn_completed.outcome

    assert await program(FakeCore(endless), run) == pb.TurnCompleted.OUTCOME_INTERRUPTED


async def test_callbacks_run_in_threads_of_their_own_and_may_use_the_client() -> None:
    threads: set[int] = set()

    def use(said: dict[str, Any], client: Client) -> str:
        threads.add(threading.get_ident())
        assert client.get_pool().size.max_workers == 4
        return double(said)

    def decide(_: pb.PermissionRequest) -> pb.PermissionAllow:
        threads.add(threading.get_ident())
        return pb.PermissionAllow()

    def run_tools(client: Client) -> str:
        with client.converse(OPENING, tools=[Tool("double", lambda said: use(said, client))]) as talk:
            return list(talk.ask("go"))[-1].turn_completed.text

    def run_permission(client: Client) -> str:
        with client.converse(OPENING, on_permission=decide) as talk:
            return list(talk.ask("go"))[-1].turn_completed.text

    assert await program(FakeCore(calling), run_tools) == "t1=4 t2=n is no number"
    assert await program(FakeCore(asking), run_permission) == "allow"
    assert threading.get_ident() not in threads


async def test_errors_are_the_same_as_with_asyncio() -> None:
    core = FakeCore()
    core.refuse_open = failure("POOL_FULL")

    def run(client: Client) -> tuple[HotseatError, HotseatError]:
        with pytest.raises(HotseatError) as refused, client.converse(OPENING):
            pass
        with pytest.raises(HotseatError) as missing:
            client.get_conversation("nobody")
        return refused.value, missing.value

    refused, missing = await program(core, run)
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "POOL_FULL")
    assert missing.reason == "CONVERSATION_NOT_FOUND"


async def test_leaving_a_loop_early_stops_a_watch_and_leaving_a_talk_with_an_error_cancels_it() -> None:
    async def endless(turn: FakeTurn) -> None:
        await turn.started()
        await turn.interrupted.wait()

    core = FakeCore(endless)

    def break_off(event: pb.ConverseResponse) -> None:
        raise LookupError(event.turn)

    def run(client: Client) -> None:
        for update in client.watch_pool():
            assert update.pool.size.max_workers == 4
            break
        with pytest.raises(LookupError), client.converse(OPENING) as talk:
            break_off(next(iter(talk.ask("go"))))

    await program(core, run)
    await until(lambda: not core.watchers and core.cancelled.is_set())


def test_who_is_interrupted_by_the_keyboard_hears_that_though_what_it_waited_for_takes_its_time_to_end() -> None:
    ends: list[str] = []
    main = threading.main_thread().ident or 0

    async def items() -> AsyncGenerator[int, None]:
        try:
            yield 1
            while sys._current_frames()[main].f_code is not threading.Condition.wait.__code__:  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.001)
            signal.pthread_kill(main, signal.SIGINT)
            await asyncio.Event().wait()
        finally:
            for _ in range(3):
                await asyncio.sleep(0.01)
            ends.append("ended")

    loop = LoopThread("test of an interrupt")
    try:
        each = loop.each(items())
        assert next(each) == 1
        with pytest.raises(KeyboardInterrupt):
            next(each)
        assert ends == ["ended"]
    finally:
        loop.close()


async def test_the_operators_calls_reach_the_core() -> None:
    core = FakeCore()

    def run(client: Client) -> tuple[int, int]:
        return client.resize_pool(max_workers=8).size.max_workers, client.drain_pool(grace_s=1.5).state

    assert await program(core, run) == (8, pb.Pool.STATE_DRAINING)


def test_it_has_every_method_of_the_asyncio_client() -> None:
    def methods(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))}

    assert methods(hotseat.Client) - methods(Client) == {"aclose"}
    assert methods(hotseat.Talk) - methods(Talk) == {"aclose", "finish"}


async def test_a_closed_client_says_so_and_leaves_no_thread() -> None:
    async with serving(FakeCore()) as target:

        def main() -> None:
            client = Client(target)
            client.close()
            client.close()
            with pytest.raises(RuntimeError, match="this client is closed"):
                client.get_pool()

        await asyncio.to_thread(main)
    assert not [thread for thread in threading.enumerate() if thread.name == "hotseat client"]

"""The line that a turn leaves in the log: whose it was, where its time went, and what it came to."""

import logging

import pytest
from hotseat_core.conversation.chronicle import INPUT_REJECTED, TURN_ENDED, Chronicle, Place
from hotseat_core.conversation.turn import Delivery
from hotseat_core.errors import Reason
from hotseat_core.events import Failure, Notice, NoticeKind, Outcome, TextDelta, TurnCompleted, Usage

from tests.core.conversation.conftest import Guest, OpenHouse, settings
from tests.core.conversation.scenes import hanging


def lines(caplog: pytest.LogCaptureFixture, text: str) -> list[dict[str, object]]:
    """The fields of all lines with this text."""
    return [record.__dict__ for record in caplog.records if record.message == text]


@pytest.fixture(autouse=True)
def all_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hotseat_core.conversation.chronicle")


async def test_a_turn_that_ends_is_one_line_with_its_worker_its_times_and_what_it_spent(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house() as house:
        guest = await house.enter(settings=settings(model="some-model"), given=frozenset({"model"}))
        asked = [guest.say("one"), guest.say("two")]
        for request_id in asked:
            await guest.completed(request_id)
    first, second = lines(caplog, TURN_ENDED)
    assert [first["request_id"], second["request_id"]] == asked
    assert (first["conversation"], first["tenant"], first["profile"], first["model"]) == (
        "c",
        "default",
        "claude",
        "some-model",
    )
    assert (first["turn"], first["source"], second["turn"], second["source"]) == (1, "cold", 2, "hot")
    assert first["worker"] == second["worker"] != ""
    assert (first["outcome"], first["reason"]) == ("SUCCEEDED", None)
    assert first["output_tokens"] == guest.conversation.usage.output_tokens - int(str(second["output_tokens"]))
    for line in (first, second):
        parts = [float(str(line[name])) for name in ("wait_ms", "queue_ms", "bind_ms")]
        assert all(part >= 0 for part in parts)
        assert sum(parts) <= float(str(line["first_token_ms"])) + 1 <= float(str(line["total_ms"])) + 2
    assert float(str(second["wait_ms"])) > 0  # behind the first


async def test_what_is_refused_leaves_a_line_that_says_why(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_house(max_workers=1, max_queue=0) as house:
        busy, late = await house.enter("a"), await house.enter("b")
        await hanging(busy)
        refused = late.say("two")
        await late.rejected(refused)
        busy.conversation.interrupt()
    (line,) = lines(caplog, INPUT_REJECTED)
    assert (line["request_id"], line["conversation"], line["reason"]) == (refused, "b", Reason.POOL_FULL.name)
    assert (line["worker"], line["queue_ms"], line["first_token_ms"]) == (None, None, None)


async def test_no_line_has_a_word_of_what_was_said(open_house: OpenHouse, caplog: pytest.LogCaptureFixture) -> None:
    async with open_house() as house:
        guest = await house.enter()
        assert "canary" in (await guest.ask("canary")).text
        guest.say("canary again", Delivery.INTERRUPT)
        await until_ends(guest, 2)
    assert lines(caplog, TURN_ENDED)
    assert "canary" not in str([record.__dict__ for record in caplog.records])


async def until_ends(guest: Guest, count: int) -> None:
    await guest.first(TurnCompleted, count)


def test_the_first_token_is_the_first_piece_of_the_answer_and_of_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    times = iter([10.0, 13.0, 15.0])
    chronicle = Chronicle("r", clock=lambda: next(times))
    chronicle.hear([Notice(NoticeKind.RETRYING, "")])
    chronicle.hear([Notice(NoticeKind.RETRYING, ""), TextDelta("a", 0)])
    chronicle.hear([TextDelta("b", 0)])
    failure = Failure(Reason.STALLED, "a message that nobody logs")
    completed = TurnCompleted("r", Outcome.FAILED, "ab", Usage(output_tokens=2, cost_usd=0.25), 4.0, 1, failure)
    chronicle.tell_end(completed, 7, Place("c", "acme", settings()))
    (line,) = lines(caplog, TURN_ENDED)
    assert (line["first_token_ms"], line["total_ms"], line["duration_ms"]) == (3000.0, 5000.0, 4000.0)
    assert (line["turn"], line["tenant"], line["outcome"], line["reason"]) == (7, "acme", "FAILED", "STALLED")
    assert (line["output_tokens"], line["cost_usd"], line["wait_ms"], line["worker"]) == (2, 0.25, None, None)

"""What a turn's end means for the conversation."""

import pytest
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.turn import Verdict, completion, gained, never_begun, verdict
from hotseat_core.errors import Reason
from hotseat_core.events import Failure, Outcome, TurnCompleted, Usage
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import PermissionMode
from hotseat_core.worker.translate import Ending, TurnReport

PROMPT = Row("user", ({"type": "text", "text": "q"},))
ANSWER = Row("assistant", ({"type": "text", "text": "a"},))
FAILURE = Failure(Reason.STALLED, "m")


def report(outcome: Outcome, *rows: Row, clean: bool = False, failure: Failure | None = None) -> TurnReport:
    return TurnReport(Ending(outcome, failure, clean), "told", tuple(rows), Usage(1, 2), 3)


@pytest.mark.parametrize(
    ("ended", "roles"),
    [
        (report(Outcome.SUCCEEDED, ANSWER, clean=True), ["user", "assistant"]),
        (report(Outcome.SUCCEEDED, clean=True), ["user"]),
        (report(Outcome.TRUNCATED, ANSWER), ["user", "assistant"]),
        (report(Outcome.REFUSED, ANSWER), ["user", "assistant"]),
        (report(Outcome.INTERRUPTED, ANSWER), ["user", "assistant"]),
        (report(Outcome.INTERRUPTED), []),
        (report(Outcome.FAILED, ANSWER, failure=FAILURE), []),
        (report(Outcome.FAILED, failure=FAILURE), []),
    ],
)
def test_a_turn_adds_what_was_said_unless_it_failed_or_said_nothing(ended: TurnReport, roles: list[str]) -> None:
    messages = gained(PROMPT, ended)
    assert [message.role for message in messages] == roles
    if len(messages) == 2:
        assert messages == (Message("user", (PROMPT,)), Message("assistant", (ANSWER,), "told"))


def test_the_last_event_of_a_turn_says_how_it_went() -> None:
    failed = report(Outcome.FAILED, failure=FAILURE)
    expected = TurnCompleted("r", Outcome.FAILED, "told", Usage(1, 2), 1.5, 3, FAILURE, model="m")
    assert completion("r", failed, 1.5, "m") == expected


def test_a_turn_that_never_began_was_interrupted_or_failed() -> None:
    assert never_begun("r").outcome is Outcome.INTERRUPTED
    assert never_begun("r", FAILURE).outcome is Outcome.FAILED


@pytest.mark.parametrize("mode", PermissionMode)
@pytest.mark.parametrize("has_reader", [True, False])
def test_only_bypass_allows_and_only_a_reader_is_asked(mode: PermissionMode, has_reader: bool) -> None:
    expected = {
        (PermissionMode.BYPASS, True): Verdict.ALLOW,
        (PermissionMode.BYPASS, False): Verdict.ALLOW,
        (PermissionMode.ASK, True): Verdict.ASK,
    }
    assert verdict(mode, has_reader=has_reader) is expected.get((mode, has_reader), Verdict.DENY)

"""Which tool calls an input answers, and which it may make."""

from typing import Any

import pytest
from hotseat_core.conversation.calling import fitted
from hotseat_core.conversation.history import Message
from hotseat_core.conversation.terms import ConversationSettings
from hotseat_core.conversation.turn import TurnInput
from hotseat_core.errors import InvalidMessage, NothingPending
from hotseat_core.worker.rows import Row
from hotseat_core.worker.setup import SessionSetup, ToolChoice, TurnSetup
from hotseat_core.worker.tools import Tool

from tests.core.conversation.test_history import Json, a, text, u, use

TOOLS = ConversationSettings("claude", SessionSetup(tools=(Tool("look"),)))
CALLED = (u("go"), a("I look.", use("t1"), use("t2")))


def result(tool_id: str, **fields: Any) -> Json:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": [text("x")], **fields}


def said(*blocks: Json, choice: ToolChoice | None = None) -> TurnInput:
    return TurnInput("r", Row("user", blocks), TurnSetup(tool_choice=choice))


NOT_RUN = {"content": [text("The client did not run this tool.")], "is_error": True}


@pytest.mark.parametrize(
    ("blocks", "messages", "heard"),
    [
        ([text("hi")], (), [text("hi")]),
        ([text("hi")], (u("a"), a("b")), [text("hi")]),
        ([result("t2"), result("t1")], CALLED, [result("t2"), result("t1")]),
        ([result("t2")], CALLED, [result("t2"), result("t1", **NOT_RUN)]),
        ([result("t2"), text("and")], CALLED, [result("t2"), result("t1", **NOT_RUN), text("and")]),
        ([text("never mind")], CALLED, [result("t1", **NOT_RUN), result("t2", **NOT_RUN), text("never mind")]),
        ([text("hi")], (*CALLED, u(result("t1"), result("t2"))), [text("hi")]),
    ],
)
def test_every_call_that_waits_gets_a_result(blocks: list[Json], messages: tuple[Message, ...], heard: Any) -> None:
    assert fitted(said(*blocks), TOOLS, messages).prompt == Row("user", tuple(heard))


@pytest.mark.parametrize("messages", [(), (u("a"), a("b")), CALLED, (*CALLED, u(result("t1"), result("t2")))])
def test_a_result_that_nothing_waits_for_is_refused(messages: tuple[Message, ...]) -> None:
    with pytest.raises(NothingPending, match="t9"):
        fitted(said(result("t9")), TOOLS, messages)


@pytest.mark.parametrize("choice", [ToolChoice("any"), ToolChoice("tool", "look"), ToolChoice("none")])
def test_a_choice_among_the_tools_stays(choice: ToolChoice) -> None:
    assert fitted(said(text("hi"), choice=choice), TOOLS, ()).setup.tool_choice == choice


def test_a_choice_without_tools_is_dropped_unless_it_demands_one() -> None:
    bare = ConversationSettings("claude")
    assert fitted(said(text("hi"), choice=ToolChoice("none")), bare, ()).setup.tool_choice is None
    for settings, choice in (
        (bare, ToolChoice("any")),
        (bare, ToolChoice("tool", "look")),
        (TOOLS, ToolChoice("tool", "x")),
    ):
        with pytest.raises(InvalidMessage, match="tool_choice"):
            fitted(said(text("hi"), choice=choice), settings, ())


def test_a_tool_named_like_one_of_the_agents_own_is_refused_there() -> None:
    setup = SessionSetup(tools=(Tool("look"), Tool("Bash")))
    fitted(said(text("hi")), ConversationSettings("claude", setup), ())
    with pytest.raises(InvalidMessage, match=r"settings.tools\[1\].name"):
        fitted(said(text("hi")), ConversationSettings("claude-code", setup), ())

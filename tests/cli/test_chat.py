"""`hotseat chat` against a small core on a real socket, on a real terminal and in a pipe."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hotseat import pb

from tests.cli.screen import on_screen
from tests.fakes.core import FakeCore, FakeTurn, failure, serving

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
async def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
async def target(core: FakeCore) -> AsyncIterator[str]:
    async with serving(core) as address:
        yield address


async def chat(
    target: str, *arguments: str, stdin: bytes | None = None, cwd: Path | None = None
) -> tuple[int, str, str]:
    """The exit code, standard output and standard error of one answer."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotseat_cli", "chat", "--core", target, *arguments),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    out, err = await asyncio.wait_for(process.communicate(stdin), 20)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def use_a_tool(turn: FakeTurn) -> None:
    """Ask for permission, and say what was decided."""
    await turn.started()
    await turn.thinking("hm, ", "let me see")
    await turn.text("Let me look.")
    await turn.send(tool_started=pb.ToolStarted(tool_use_id="t1", name="Bash", block=1))
    await turn.send(tool_input_completed=pb.ToolInputCompleted(tool_use_id="t1", input_json='{"command": "ls -la"}'))
    await turn.send(
        permission_request=pb.PermissionRequest(
            permission_id="p1", tool_use_id="t1", tool_name="Bash", input_json='{"command": "ls -la"}'
        )
    )
    decision = await turn.decisions.get()
    await turn.text(decision.WhichOneof("decision") or "nothing", block=2)
    await turn.completed()


async def talk_until_interrupted(turn: FakeTurn) -> None:
    await turn.started()
    await turn.text("One moment")
    await turn.interrupted.wait()
    await turn.completed(pb.TurnCompleted.OUTCOME_INTERRUPTED)


async def never_stop(turn: FakeTurn) -> None:
    await turn.started()
    await turn.text("One moment")
    await turn.interrupted.wait()
    await turn.text(", I heard you")
    await asyncio.Event().wait()


async def test_a_prompt_is_answered_on_standard_output_alone(core: FakeCore, target: str) -> None:
    assert await chat(target, "two words") == (0, "You said: two words\n", "")


async def test_piped_text_is_the_prompt(core: FakeCore, target: str) -> None:
    assert await chat(target, stdin=b"from a pipe") == (0, "You said: from a pipe\n", "")


async def test_an_empty_pipe_is_wrong_usage(core: FakeCore, target: str) -> None:
    assert await chat(target, stdin=b" \n") == (2, "", "hotseat: there is no prompt: the text given is empty\n")
    assert core.openings == []


async def test_options_become_the_conversations_settings(core: FakeCore, target: str) -> None:
    await chat(target, "-c", "notes", "--model", "claude/haiku", "--system", "Be brief.", "hi")
    opening = core.openings[0]
    assert opening.conversation_id == "notes"
    assert (opening.settings.profile, opening.settings.model) == ("claude", "haiku")
    assert opening.settings.system_prompt.text == "Be brief."


async def test_nobody_at_the_terminal_means_nobody_is_asked(core: FakeCore, target: str) -> None:
    core.script = use_a_tool
    code, out, err = await chat(target, "hi")
    assert core.openings[0].settings.permission_policy.mode == pb.PermissionPolicy.MODE_UNSPECIFIED
    assert (code, out) == (0, "Let me look.\n\ndeny\n")
    assert "[Bash] ls -la" in err


async def test_a_known_conversation_keeps_its_settings_under_the_new_ones(core: FakeCore, target: str) -> None:
    await chat(target, "-c", "notes", "--model", "claude/haiku", "--system", "Be brief.", "hi")
    await chat(target, "-c", "notes", "--model", "claude/opus", "again")
    settings = core.openings[1].settings
    assert (settings.profile, settings.model, settings.system_prompt.text) == ("claude", "opus", "Be brief.")


async def test_a_failed_turn_is_exit_code_one_with_the_reason(core: FakeCore, target: str) -> None:
    async def fail(turn: FakeTurn) -> None:
        await turn.started()
        await turn.text("I was about to")
        await turn.failed(failure("PROVIDER_LIMIT", "the provider is busy", retry_s=7))

    core.script = fail
    code, out, err = await chat(target, "hi")
    assert (code, out) == (1, "I was about to\n")
    assert err == "hotseat: PROVIDER_LIMIT: the provider is busy (try again in 7 s)\n"


@pytest.mark.parametrize(
    ("outcome", "code", "says"),
    [
        (pb.TurnCompleted.OUTCOME_TRUNCATED, 0, "the answer was cut at the model's output limit"),
        (pb.TurnCompleted.OUTCOME_REFUSED, 1, "the model refused to answer"),
        (pb.TurnCompleted.OUTCOME_INTERRUPTED, 130, "interrupted"),
    ],
)
async def test_other_outcomes_are_said(
    core: FakeCore, target: str, outcome: pb.TurnCompleted.Outcome, code: int, says: str
) -> None:
    async def end(turn: FakeTurn) -> None:
        await turn.started()
        await turn.completed(outcome)

    core.script = end
    assert await chat(target, "hi") == (code, "", f"hotseat: {says}\n")


async def test_a_refused_opening_is_exit_code_one(core: FakeCore, target: str) -> None:
    core.refuse_open = failure("POOL_FULL", "every worker is busy; raise POOL_SIZE or retry")
    assert await chat(target, "hi") == (1, "", "hotseat: POOL_FULL: every worker is busy; raise POOL_SIZE or retry\n")


async def test_a_missing_core_says_how_to_start_one(tmp_path: Path) -> None:
    code, out, err = await chat(f"unix:{tmp_path}/nothing", "hi")
    assert (code, out) == (1, "")
    assert f"no core answers at unix:{tmp_path}/nothing (No such file or directory)" in err
    assert "start one with `hotseat up`" in err


async def test_a_conversation_on_the_terminal_goes_on_until_ctrl_d(core: FakeCore, target: str) -> None:
    async with on_screen("chat", "--core", target) as screen:
        await screen.shows(f"claude-code at {target}")
        await screen.shows("> ")
        screen.type("first\r")
        await screen.shows("You said: first\n> ")
        screen.type("second\r")
        await screen.shows("You said: second\n> ")
        screen.type("\x04")
        await screen.shows("Go on later with: hotseat chat -c conv-made-by-core")
        assert await screen.exit_code() == 0
    assert [opening.conversation_id for opening in core.openings] == ["", "conv-made-by-core"]
    assert core.openings[0].settings.permission_policy.mode == pb.PermissionPolicy.MODE_ASK
    assert not core.openings[1].HasField("settings")


async def test_ctrl_c_interrupts_the_answer_and_then_leaves_at_the_empty_prompt(core: FakeCore, target: str) -> None:
    core.script = talk_until_interrupted
    async with on_screen("chat", "--core", target) as screen:
        await screen.shows("> ")
        screen.type("go\r")
        await screen.shows("One moment")
        screen.type("\x03")
        await screen.shows("interrupted")
        await screen.shows("> ", times=2)
        await screen.press_ctrl_c()
        assert await screen.exit_code() == 0
    assert [interrupt.request_id for interrupt in core.interrupts] == [core.inputs[0].request_id]


async def test_ctrl_c_on_a_typed_line_only_drops_the_line(core: FakeCore, target: str) -> None:
    async with on_screen("chat", "--core", target) as screen:
        await screen.shows("> ")
        screen.type("not this")
        await screen.shows("not this")
        await screen.press_ctrl_c()
        await screen.shows("> ", times=2)
        screen.type("but this\r")
        await screen.shows("You said: but this\n")


async def test_a_second_ctrl_c_does_not_wait_for_the_answer_to_end(core: FakeCore, target: str) -> None:
    core.script = never_stop
    async with on_screen("chat", "--core", target) as screen:
        await screen.shows("> ")
        screen.type("go\r")
        await screen.shows("One moment")
        screen.type("\x03")
        await screen.shows(", I heard you")
        screen.type("\x03")
        assert await screen.exit_code() == 0
        await asyncio.wait_for(core.cancelled.wait(), 5)


@pytest.mark.parametrize(("keys", "decided"), [("y\r", "allow"), ("\r", "deny"), ("yess\r", "deny"), ("n\r", "deny")])
async def test_only_a_yes_allows_a_tool(core: FakeCore, target: str, keys: str, decided: str) -> None:
    core.script = use_a_tool
    async with on_screen("chat", "--core", target) as screen:
        await screen.shows("> ")
        screen.type("go\r")
        await screen.shows("Bash wants to run: ls -la\nAllow it? [y/N] ")
        screen.type(keys)
        await screen.shows(f"{decided}\n")


async def test_a_question_that_was_withdrawn_is_no_longer_waited_for(core: FakeCore, target: str) -> None:
    async def withdraw(turn: FakeTurn) -> None:
        await turn.started()
        await turn.send(permission_request=pb.PermissionRequest(permission_id="p1", tool_name="Bash"))
        await turn.send(requests_cancelled=pb.RequestsCancelled(permission_ids=["p1"]))
        await turn.text("Never mind.")
        await turn.completed()

    core.script = withdraw
    async with on_screen("chat", "--core", target) as screen:
        await screen.shows("> ")
        screen.type("go\r")
        await screen.shows("Never mind.\n")
        await screen.shows("> ", times=2)


async def test_tools_are_dim_and_thinking_is_shown_only_when_asked_for(core: FakeCore, target: str) -> None:
    core.script = use_a_tool
    async with on_screen("chat", "--core", target, "--verbose", "go") as screen:
        await screen.shows("Allow it?")
        screen.type("y\r")
        assert await screen.exit_code() == 0
        assert "\x1b[2mlet me see\x1b[0m" in screen.text
        assert "\x1b[2m[Bash] ls -la\x1b[0m" in screen.text
    async with on_screen("chat", "--core", target, "go", NO_COLOR="1") as screen:
        await screen.shows("Allow it?")
        screen.type("y\r")
        assert await screen.exit_code() == 0
        assert "let me see" not in screen.text
        assert "[Bash] ls -la\n" in screen.text
        assert "\x1b[2m" not in screen.text


async def test_a_model_cannot_steer_the_terminal(core: FakeCore, target: str) -> None:
    async def steer(turn: FakeTurn) -> None:
        await turn.started()
        await turn.text("a\x1b[2Jb\x9bc\n")
        await turn.completed()

    core.script = steer
    async with on_screen("chat", "--core", target, "go") as screen:
        assert await screen.exit_code() == 0
        await screen.shows("a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c\n")


async def test_a_failed_turn_on_the_terminal_does_not_end_the_conversation(core: FakeCore, target: str) -> None:
    async def fail_once(turn: FakeTurn) -> None:
        await turn.started()
        if turn.number == 1:
            await turn.failed(failure("PROVIDER", "the provider failed"))
        else:
            await turn.text("Better now.")
            await turn.completed()

    core.script = fail_once
    async with on_screen("chat", "--core", target) as screen:
        await screen.shows("> ")
        screen.type("one\r")
        await screen.shows("PROVIDER: the provider failed")
        screen.type("two\r")
        await screen.shows("Better now.\n")

"""A worker's turns on the fake CLI: a real process, with every fault that one can have."""

import asyncio
import json
from pathlib import Path

import pytest
from hotseat_core.errors import Reason, WorkerLost
from hotseat_core.events import Outcome, Raw, RequestsCancelled, TextDelta, ToolCompleted
from hotseat_core.worker import process
from hotseat_core.worker.frames import LineFramer
from hotseat_core.worker.setup import PermissionMode, SessionSetup, TurnSetup
from hotseat_core.worker.translate import Ending

from tests.core.worker.conftest import OpenWorker
from tests.core.worker.turns import INTERRUPTED, Turn, ask, asked, model, recall, user


async def test_a_turn_tells_its_text_as_it_comes_and_reports_it_whole(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "good day")
        report = await turn.report()
        assert [event.text for event in turn.events if isinstance(event, TextDelta)] == [
            "you ",
            "said ",
            "good ",
            "day ",
        ]
        assert report.text == "you said good day "
        assert report.rows == (model("you said good day "),)
        assert report.ending == Ending(Outcome.SUCCEEDED, clean=True)
        assert (report.usage.input_tokens, report.usage.output_tokens, report.usage.cost_usd) == (5, 7, 0.00022)
        assert report.step_count == 1


async def test_the_cost_of_a_turn_is_what_the_total_grew_by(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        assert [(await ask(worker, text)).usage.cost_usd for text in ("a", "b", "c")] == [0.00022] * 3


async def test_the_setup_reaches_the_cli_before_the_first_turn(open_worker: OpenWorker) -> None:
    async with open_worker(profile="claude-code") as worker:
        worker.bind(SessionSetup("Be brief.", model="opus", permission_mode=PermissionMode.PLAN, allow_rules=("Read",)))
        said = json.loads((await ask(worker, "settings", TurnSetup(temperature=0.5, effort="high"))).text)
        prompt, name, mode, flags = said
        assert (prompt, name, mode) == ("Be brief.", "opus", "plan")
        assert flags["permissions"] == {"allow": ["Read"], "deny": []}
        assert json.loads(flags["env"]["CLAUDE_CODE_EXTRA_BODY"])["temperature"] == 0.5
        assert flags["effortLevel"] == "high"


async def test_the_options_of_a_turn_do_not_reach_the_next_one(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        await ask(worker, "hello", TurnSetup(max_output_tokens=7, effort="low"))
        flags = json.loads((await ask(worker, "settings")).text)[3]
        assert flags == {"env": {"CLAUDE_CODE_EXTRA_BODY": ""}, "effortLevel": None}


async def test_a_worker_is_bound_once(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        with pytest.raises(RuntimeError, match="bound already"):
            worker.bind(SessionSetup())


@pytest.mark.parametrize("fault", ["no-initialize", "no-flags"])
async def test_a_setup_that_the_cli_refuses_fails_the_turn(open_worker: OpenWorker, fault: str) -> None:
    async with open_worker(fault) as worker:
        worker.bind(SessionSetup())
        report = await ask(worker, "hang", TurnSetup(effort="low"))
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.WORKER_START
        assert "went wrong" in report.ending.failure.message


async def test_a_setup_that_is_refused_while_the_history_is_told_is_not_forgotten(open_worker: OpenWorker) -> None:
    async with open_worker("no-initialize") as worker:
        worker.bind(SessionSetup("Be brief."))
        with pytest.raises(WorkerLost, match=r"initialize failed: .*went wrong"):
            await worker.align([user("a"), model("b")])
        report = await ask(worker, "hello")
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.WORKER_LOST
        assert report.text == ""


async def test_a_worker_that_has_refused_a_turn_s_settings_runs_no_other_turn_without_them(
    open_worker: OpenWorker,
) -> None:
    async with open_worker("no-flags") as worker:
        worker.bind(SessionSetup())
        await ask(worker, "hang", TurnSetup(effort="low"))
        with pytest.raises(WorkerLost, match="apply_flag_settings failed"):
            await worker.align([])


async def test_the_process_has_no_more_than_it_is_allowed(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker(profile="claude-code") as worker:
        worker.bind(SessionSetup("my system prompt", model="client-model"))
        said = json.loads((await ask(worker, "process")).text)
        arguments, environment, directory = said
        assert "my system prompt" not in str(arguments)
        assert "client-model" not in str(arguments)
        assert "SECRET_OF_THE_HOST" not in environment
        assert environment["ANTHROPIC_API_KEY"] == "sk-secret"
        scratch = str(tmp_path / "data" / "workers" / worker.id)
        for name in ("HOME", "CLAUDE_CONFIG_DIR", "TMPDIR"):
            assert environment[name].startswith(scratch)
        assert directory == str(worker.workspace)


async def test_raw_lines_come_only_where_they_are_wanted(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        quiet, loud = Turn(worker, "a"), None
        await quiet.report()
        loud = Turn(worker, "b", TurnSetup(wants_raw=True))
        await loud.report()
        assert not any(isinstance(event, Raw) for event in quiet.events)
        kinds = [json.loads(event.json)["type"] for event in loud.events if isinstance(event, Raw)]
        assert kinds[-1] == "result"
        assert kinds.count("stream_event") == 8


# ---- what the CLI does wrong in a turn


async def test_a_turn_whose_process_dies_fails_at_once(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        report = await ask(worker, "die")
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.WORKER_LOST
        assert report.text == "half"
        await worker.ended.wait()
        with pytest.raises(WorkerLost, match="something broke"):
            await worker.align([user("a")])
        assert (await ask(worker, "again")).ending == report.ending


async def test_a_turn_that_falls_silent_is_given_up(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        report = await Turn(worker, "hang", stall_timeout_s=0.2).report()
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.STALLED
        assert await recall(worker, []) == "nothing"


async def test_garbage_is_skipped_and_the_turn_goes_on(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        assert (await ask(worker, "garbage 9")).text == "still here"


async def test_too_much_garbage_ends_the_worker(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        await ask(worker, "garbage 100")
        await worker.ended.wait()
        report = await ask(worker, "hello")
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.WORKER_LOST


async def test_messages_that_make_no_sense_are_skipped_too(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        report = await ask(worker, "odd")
        assert report.text == "still here"
        assert report.ending.outcome is Outcome.SUCCEEDED


async def test_a_line_of_any_sane_length_passes(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        assert (await ask(worker, "longline 1000000")).text == "still here"


async def test_a_line_over_the_bound_ends_the_worker(open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LineFramer", lambda: LineFramer(100_000))
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        report = await ask(worker, "longline 1000000")
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.WORKER_LOST
        await worker.ended.wait()
        with pytest.raises(WorkerLost, match="longer than 100000 bytes"):
            await worker.align([user("a")])


async def test_a_flood_of_complaints_does_not_stop_the_cli(open_worker: OpenWorker) -> None:
    async with open_worker("stderr") as worker:
        worker.bind(SessionSetup())
        assert (await ask(worker, "hello")).text == "you said hello "


async def test_a_provider_that_fails_is_named(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        report = await ask(worker, "fail 529")
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.PROVIDER
        assert report.ending.failure.metadata["httpStatus"] == "529"
        assert await recall(worker, []) == "nothing"


# ---- permissions


async def test_an_allowed_tool_runs_with_the_input_that_was_decided_on(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "tool rm")
        request = await asked(turn)
        assert (request.tool_name, request.input_json, request.suggested_rules) == (
            "Bash",
            '{"command":"rm"}',
            ("Bash(rm:*)",),
        )
        assert worker.allow(request.permission_id, '{"command":"ls"}', ["Bash(ls:*)"])
        assert not worker.allow(request.permission_id, '{"command":"ls"}')
        assert (await turn.report()).text == "it ran ls"


async def test_a_refused_tool_does_not_run_and_the_model_hears_why(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "tool rm")
        request = await asked(turn)
        assert not worker.deny("another", "no")
        assert worker.deny(request.permission_id, "not today")
        assert (await turn.report()).text == "it not today"
        done = await turn.first(ToolCompleted)
        assert done == ToolCompleted(request.tool_use_id, "not today", is_error=True)


async def test_a_cut_withdraws_the_question(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "tool rm")
        request = await asked(turn)
        worker.cut(INTERRUPTED)
        report = await turn.report()
        assert turn.events[-1] == RequestsCancelled((request.permission_id,))
        assert report.rows == ()
        assert not worker.deny(request.permission_id, "late")
        assert await recall(worker, []) == "nothing"


async def test_while_a_person_decides_silence_is_no_stall(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "tool rm", stall_timeout_s=0.05)
        request = await asked(turn)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await asyncio.shield(turn.task)
        worker.allow(request.permission_id, request.input_json)
        assert (await turn.report()).ending.outcome is Outcome.SUCCEEDED

"""A worker on the fake CLI: a real process, with every fault that one can have."""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest
from hotseat_core.errors import Reason, WorkerLost, WorkerStartError
from hotseat_core.events import Event, Outcome, PermissionRequested, Raw, RequestsCancelled, TextDelta, ToolCompleted
from hotseat_core.worker import process
from hotseat_core.worker import worker as worker_module
from hotseat_core.worker.frames import LineFramer
from hotseat_core.worker.rows import Row
from hotseat_core.worker.session import CannotAlignError
from hotseat_core.worker.setup import PermissionMode, SessionSetup, TurnSetup
from hotseat_core.worker.translate import Ending, TurnReport
from hotseat_core.worker.worker import Worker

from tests.core.conftest import stamped, until
from tests.core.worker.conftest import OpenWorker

INTERRUPTED = Ending(Outcome.INTERRUPTED)


def user(text: str) -> Row:
    return Row("user", ({"type": "text", "text": text},))


def model(text: str) -> Row:
    return Row("assistant", ({"type": "text", "text": text},))


class Turn:
    """One turn and what it told."""

    def __init__(
        self, worker: Worker, text: str, setup: TurnSetup | None = None, stall_timeout_s: float = 20.0
    ) -> None:
        self.worker = worker
        self.prompt = user(text)
        self.events: list[Event] = []
        self.news = asyncio.Event()
        asking = worker.ask(self.prompt, setup or TurnSetup(), self._sink, stall_timeout_s=stall_timeout_s)
        self.task = asyncio.create_task(asking)

    def _sink(self, events: list[Event]) -> None:
        self.events += events
        self.news.set()

    async def first(self, kind: type[Event]) -> Event:
        """Return the first event of a kind."""
        while True:
            found = next((event for event in self.events if isinstance(event, kind)), None)
            if found is not None:
                return found
            self.news.clear()
            await self.news.wait()

    async def report(self) -> TurnReport:
        return await self.task


async def ask(worker: Worker, text: str, setup: TurnSetup | None = None) -> TurnReport:
    return await Turn(worker, text, setup).report()


async def recall(worker: Worker, rows: Sequence[Row]) -> str:
    """What the CLI holds once it has been brought to hold these rows."""
    await worker.align(rows)
    return (await ask(worker, "recall")).text


# ---- start


async def test_a_worker_starts_parked_and_ends_without_a_trace(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        assert worker.setup is None
        assert psutil.pid_exists(worker.pid)
        pid = worker.pid
    assert not psutil.pid_exists(pid)


async def test_a_cli_that_ends_at_once_says_why(open_worker: OpenWorker, tmp_path: Path) -> None:
    with pytest.raises(WorkerStartError, match=r"did not start.*exit code 3.*cannot start today"):
        async with open_worker("exit"):
            pass
    assert list((tmp_path / "data" / "workers").iterdir()) == []


async def test_a_cli_that_stays_silent_is_given_up(open_worker: OpenWorker) -> None:
    with pytest.raises(WorkerStartError, match="was not ready within"):
        async with open_worker("silent", start_timeout_s=0.3):
            pass


async def test_a_start_that_is_cancelled_leaves_nothing(open_worker: OpenWorker, tmp_path: Path) -> None:
    async def start() -> None:
        async with open_worker("silent"):
            pass

    starting = asyncio.create_task(start())
    await until(lambda: bool(stamped(f"FAKE_CLI_STAMP={tmp_path}")))
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert list((tmp_path / "data" / "workers").iterdir()) == []


# ---- turns


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
        assert (report.usage.input_tokens, report.usage.output_tokens, report.usage.cost_usd) == (5, 7, 0.25)
        assert report.step_count == 1


async def test_the_cost_of_a_turn_is_what_the_total_grew_by(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        assert [(await ask(worker, text)).usage.cost_usd for text in ("a", "b", "c")] == [0.25, 0.25, 0.25]


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


# ---- align


async def test_a_history_is_seeded_in_its_order(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        rows = [user("a"), model("b"), user("c"), user("d"), model("e"), model("f")]
        assert await recall(worker, rows) == "u:a | a:b | u:c | u:d | a:e | a:f"


async def test_after_a_clean_turn_nothing_needs_to_be_done(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hello")
        report = await turn.report()
        frames = (tmp_path / "journal").read_bytes().count(b"\n")
        await worker.align([turn.prompt, *report.rows])
        assert await recall(worker, [turn.prompt, *report.rows]) == "u:hello | a:you said hello"
        assert (tmp_path / "journal").read_bytes().count(b"\n") == frames + 1


async def test_an_edited_history_is_rewound_to_where_it_differs(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        first = [user("a"), model("b"), user("c"), model("d")]
        await worker.align(first)
        assert await recall(worker, [*first[:2], user("other"), model("d")]) == "u:a | a:b | u:other | a:d"
        assert await recall(worker, first[:2]) == "u:a | a:b"
        assert await recall(worker, [user("a"), model("edited"), user("z")]) == "u:a | a:edited | u:z"
        assert await recall(worker, []) == "nothing"


@pytest.mark.parametrize("fault", ["", "late-result"])
async def test_a_turn_that_was_cut_is_taken_back(open_worker: OpenWorker, fault: str) -> None:
    async with open_worker(*filter(None, [fault])) as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang well begun")
        await turn.first(TextDelta)
        worker.cut(INTERRUPTED)
        report = await turn.report()
        assert report.ending == INTERRUPTED
        assert report.rows == (model("well begun"),)
        kept = [turn.prompt, *report.rows]
        assert await recall(worker, kept) == "u:hang well begun | a:well begun"


async def test_what_comes_after_a_cut_is_not_told(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang")
        await turn.first(TextDelta)
        worker.cut(INTERRUPTED)
        worker.cut(Ending(Outcome.FAILED))
        report = await turn.report()
        told = list(turn.events)
        await worker.align([])
        assert turn.events == told
        assert report.ending == INTERRUPTED


@pytest.mark.parametrize(
    ("order", "outcome"), [("cut max_tokens", Outcome.TRUNCATED), ("cut refusal", Outcome.REFUSED)]
)
async def test_where_the_cli_would_go_on_by_itself_the_turn_is_cut(
    open_worker: OpenWorker, order: str, outcome: Outcome
) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, order)
        report = await turn.report()
        assert report.ending == Ending(outcome)
        assert report.rows == (model("cut short"),)
        assert await recall(worker, [turn.prompt, *report.rows]) == f"u:{order} | a:cut short"


async def test_a_cli_that_will_not_go_back_is_of_no_use(open_worker: OpenWorker) -> None:
    async with open_worker("no-rewind") as worker:
        worker.bind(SessionSetup())
        await worker.align([user("a")])
        with pytest.raises(WorkerLost, match="target_not_found"):
            await worker.align([])


async def test_a_cli_that_dies_of_its_history_is_lost(open_worker: OpenWorker) -> None:
    async with open_worker("no-seed") as worker:
        worker.bind(SessionSetup())
        with pytest.raises(WorkerLost, match="exit code 1"):
            await worker.align([user("a")])


async def test_a_cli_that_does_not_take_its_history_in_time_is_given_up(
    open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "_ALIGN_TIMEOUT_S", -0.9)
    async with open_worker("mute-seed") as worker:
        worker.bind(SessionSetup())
        with pytest.raises(TimeoutError):
            await worker.align([user("a")])


async def test_a_session_that_does_not_begin_with_a_prompt_can_not_go_back(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        await worker.align([model("hello"), user("hi")])
        with pytest.raises(CannotAlignError):
            await worker.align([user("hi")])


async def test_a_second_worker_goes_on_where_the_first_one_was(open_worker: OpenWorker) -> None:
    rows: list[Row] = []
    async with open_worker() as first:
        first.bind(SessionSetup())
        for text in ("one", "tool ls", "think deep"):
            turn = Turn(first, text)
            if text.startswith("tool"):
                request = await turn.first(PermissionRequested)
                assert isinstance(request, PermissionRequested)
                first.allow(request.permission_id, request.input_json)
            rows += [turn.prompt, *(await turn.report()).rows]
        held = await recall(first, rows)
    async with open_worker() as second:
        second.bind(SessionSetup())
        assert await recall(second, rows) == held
        assert held.startswith("u:one | a:you said one | u:tool ls | a:Bash | u:ran ls | a:it ran ls | u:think deep")


# ---- permissions


async def asked(turn: Turn) -> PermissionRequested:
    request = await turn.first(PermissionRequested)
    assert isinstance(request, PermissionRequested)
    return request


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


# ---- end


async def test_an_idle_worker_ends_by_itself(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        await ask(worker, "hello")
        await worker.aclose()
        assert worker._wire._process is not None
        assert worker._wire._process.returncode == 0


async def test_ending_it_in_mid_turn_is_quick_and_ends_the_turn(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang")
        await turn.first(TextDelta)
        await worker.aclose()
        report = await turn.report()
        assert report.ending.failure is not None
        assert report.ending.failure.reason is Reason.WORKER_LOST


async def test_ending_it_after_a_cut_does_not_wait_for_the_turn(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang")
        await turn.first(TextDelta)
        worker.cut(INTERRUPTED)
        await turn.report()
        started = time.monotonic()
        await worker.aclose()
        assert time.monotonic() - started < process._EOF_GRACE_S


async def test_a_deaf_worker_is_killed(open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_EOF_GRACE_S", 0.05)
    monkeypatch.setattr(process, "_TERM_GRACE_S", 0.05)
    async with open_worker("deaf") as worker:
        pid = worker.pid
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("fault", ["child", "holder"])
async def test_what_left_the_group_ends_with_the_worker(open_worker: OpenWorker, tmp_path: Path, fault: str) -> None:
    async with open_worker(fault) as worker:
        found = stamped(f"FAKE_CLI_STAMP={tmp_path}")
        assert len(found) == 2
        assert worker.pid in {process.pid for process in found}
        assert any(os.getsid(process.pid) != os.getsid(worker.pid) for process in found)


async def test_ending_a_worker_again_and_at_once_is_no_error(open_worker: OpenWorker) -> None:
    async with open_worker(profile="claude-code") as worker:
        await asyncio.gather(worker.aclose(), worker.aclose())
        await worker.aclose()


async def test_a_spare_takes_its_workspace_along(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker(profile="claude-code"):
        pass
    assert list((tmp_path / "data" / "workspaces").iterdir()) == []


async def test_a_spare_takes_along_what_the_cli_wrote_into_its_workspace(
    open_worker: OpenWorker, tmp_path: Path
) -> None:
    async with open_worker("litter", profile="claude-code") as worker:
        assert worker.workspace is not None
        assert (worker.workspace / "litter").exists()
    assert list((tmp_path / "data" / "workspaces").iterdir()) == []


async def test_a_bound_worker_leaves_its_workspace(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker(profile="claude-code") as worker:
        worker.bind(SessionSetup())
    assert list((tmp_path / "data" / "workspaces").iterdir()) == [worker.workspace]

"""The operator's commands against a small core on a real socket."""

import asyncio
import io
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat import pb

from tests.cli.operator import Ended, Operate, operator
from tests.core.conftest import until
from tests.fakes.core import FakeCore, failure, serving

State = pb.Conversation.State
LONG_ID = "c" * 128


@pytest.fixture
async def core() -> FakeCore:
    return FakeCore()


@pytest.fixture
async def hotseat(
    core: FakeCore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Operate]:
    monkeypatch.chdir(tmp_path)  # a developer's own .env must not be read
    async with serving(core, f"unix:{tmp_path}/core.sock") as target:
        yield operator(target, monkeypatch, capsys)


def hold(core: FakeCore, *conversation_ids: str, state: State = pb.Conversation.STATE_IDLE) -> None:
    for conversation_id in conversation_ids:
        core.conversations[conversation_id] = pb.Conversation(conversation_id=conversation_id, state=state)


def rows(ended: Ended) -> list[list[str]]:
    """The table's rows, without its titles."""
    assert ended.code == 0, ended
    return [line.split() for line in ended.out.splitlines()[1:]]


def record(ended: Ended) -> Any:
    """The one JSON object that was printed."""
    (line,) = ended.out.splitlines()
    return json.loads(line)


# ---- ps and queue


async def test_ps_shows_every_process_with_its_whole_ids(core: FakeCore, hotseat: Operate) -> None:
    core.workers = {
        "w1": pb.Worker(worker_id="w1", state=pb.Worker.STATE_WARM, pid=41, profile="claude"),
        "w2": pb.Worker(worker_id="w2", state=pb.Worker.STATE_RUNNING, pid=42, conversation_id=LONG_ID),
    }
    found = rows(await hotseat("ps"))
    assert [(row[0], row[1], row[2], row[4]) for row in found] == [
        ("w2", "42", "running", LONG_ID),
        ("w1", "41", "warm", "-"),
    ]


async def test_ps_reads_every_page(core: FakeCore, hotseat: Operate) -> None:
    core.workers = {str(n): pb.Worker(worker_id=f"w{n:04}") for n in range(1001)}
    assert (await hotseat("ps -q")).out.split() == [f"w{n:04}" for n in range(1001)]
    assert core.calls == ["ListWorkers", "ListWorkers"]


async def test_ps_of_an_empty_pool_is_titles_and_a_note(core: FakeCore, hotseat: Operate) -> None:
    core.workers = {}
    ended = await hotseat("ps")
    assert (ended.code, len(ended.out.splitlines())) == (0, 1)
    assert "no process runs" in ended.err
    assert record(await hotseat("ps --json")) == {"workers": []}


async def test_ps_in_json_is_one_object(core: FakeCore, hotseat: Operate) -> None:
    (worker,) = record(await hotseat("ps --json"))["workers"]
    assert (worker["worker_id"], worker["pid"], worker["conversation_id"]) == ("w1", 42, None)


async def test_the_queue_shows_who_waits_and_for_how_long(core: FakeCore, hotseat: Operate) -> None:
    core.queued = [
        pb.QueuedTurn(position=1, conversation_id="a", profile="claude", queue_time=Timestamp(seconds=1)),
        pb.QueuedTurn(position=2, conversation_id="b", profile="claude-code"),
    ]
    found = rows(await hotseat("queue"))
    assert [row[:3] for row in found] == [["1", "a", "claude"], ["2", "b", "claude-code"]]
    assert found[0][3].endswith("h")  # days and hours
    told = record(await hotseat("queue --json"))["queued_turns"]
    assert [(turn["position"], turn["conversation_id"]) for turn in told] == [(1, "a"), (2, "b")]


async def test_an_empty_queue_is_no_error(hotseat: Operate) -> None:
    ended = await hotseat("queue")
    assert (ended.code, ended.err) == (0, "no turn waits\n")


# ---- pool


async def test_the_pool_is_shown_fact_by_fact(core: FakeCore, hotseat: Operate) -> None:
    core.pool_stats.queued_turns = 3
    core.pool_stats.oldest_queue_duration.FromMilliseconds(4200)
    out = (await hotseat("pool show")).out
    assert "State          active\n" in out
    assert "Processes      4 of at most 4: 1 running, 2 idle, 1 warm\n" in out
    assert "Queue          3 of at most 128 wait, the oldest for 4.2s\n" in out
    assert "Turns          7 begun: 100% hot, 0% warm, 0% cold; 0.0s in the queue on average\n" in out
    assert record(await hotseat("pool show --json"))["pool"]["stats"]["oldest_queue_seconds"] == 4.2


async def test_a_pool_that_starts_nothing_for_now_says_so(core: FakeCore, hotseat: Operate) -> None:
    core.pool_stats.worker_start_count, core.pool_stats.worker_start_failure_count = 9, 5
    core.pool_retry_time = Timestamp(seconds=int(time.time()) + 25)
    told = "9; 5 failed too often: no more for 2"
    assert f"Starts         {told}" in (await hotseat("pool show")).out
    assert f"Starts     {told}" in (await hotseat("top --once")).out
    assert record(await hotseat("pool show --json"))["pool"]["start_retry_time"]


async def test_a_drain_returns_at_once_and_says_where_it_stands(core: FakeCore, hotseat: Operate) -> None:
    ended = await hotseat("pool drain --grace 1m30s")
    assert (ended.code, ended.out) == (0, "draining: 1 running, 0 waiting, 4 of at most 4 processes\n")
    assert core.drains[0].grace_duration.seconds == 90


async def test_a_drain_that_is_waited_for_tells_its_progress_and_ends_when_no_turn_runs(
    core: FakeCore, hotseat: Operate
) -> None:
    core.pool_stats.running_workers = 2
    core.pool_stats.queued_turns = 1
    draining = asyncio.create_task(hotseat("pool drain --wait --json"))
    await until(lambda: bool(core.watchers))
    core.pool_stats = pb.PoolStats(running_workers=1)
    core.change(state=pb.Pool.STATE_DRAINING)
    core.pool_stats = pb.PoolStats()
    core.change(state=pb.Pool.STATE_DRAINED)
    ended = await draining
    assert ended.code == 0
    assert ended.err == "draining: 2 turns still run, 1 still wait\ndraining: 1 turn still runs\n"
    assert record(ended)["pool"]["state"] == "drained"


async def test_a_drain_that_has_nothing_to_wait_for_is_done(core: FakeCore, hotseat: Operate) -> None:
    core.pool_stats = pb.PoolStats()
    ended = await hotseat("pool drain --wait")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("drained: ")


async def test_a_drain_that_takes_too_long_is_exit_code_three_and_goes_on(core: FakeCore, hotseat: Operate) -> None:
    ended = await hotseat("pool drain --timeout 100ms")
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.endswith(
        "hotseat: not drained within 0.1s; the pool goes on draining; `hotseat pool resume` takes turns again\n"
    )
    assert core.pool_state == pb.Pool.STATE_DRAINING


async def test_a_drain_that_somebody_takes_back_is_a_failure(core: FakeCore, hotseat: Operate) -> None:
    draining = asyncio.create_task(hotseat("pool drain --wait"))
    await until(lambda: bool(core.watchers))
    core.change(state=pb.Pool.STATE_ACTIVE)
    ended = await draining
    assert (ended.code, ended.out) == (1, "")
    assert "somebody resumed the pool" in ended.err


async def test_a_core_that_stops_before_it_has_drained_is_a_failure(core: FakeCore, hotseat: Operate) -> None:
    draining = asyncio.create_task(hotseat("pool drain --wait"))
    await until(lambda: bool(core.watchers))
    core.end_watches()
    ended = await draining
    assert (ended.code, ended.out) == (1, "")
    assert "stopped before it said that it was drained" in ended.err


async def test_resume_and_resize_print_what_became_of_the_pool(core: FakeCore, hotseat: Operate) -> None:
    await hotseat("pool drain")
    assert (await hotseat("pool resume")).out.startswith("active: ")
    ended = await hotseat("pool resize 8 --warm 0 --max-queue 0 --idle-timeout 1h --memory-limit 1GiB")
    assert "of at most 8 processes" in ended.out
    size = record(await hotseat("pool resize 3 --json"))["pool"]["size"]
    assert size == {
        "max_workers": 3,
        "warm_workers": 0,
        "max_queue": 0,
        "idle_timeout_seconds": 3600,
        "memory_limit_bytes": 2**30,
    }


@pytest.mark.parametrize(
    "line",
    [
        "pool resize",
        "pool resize 0",
        "pool resize -3",
        "pool resize many",
        "pool resize 4294967296",
        "pool resize --warm -1",
        "pool resize --idle-timeout never",
        "pool drain --grace soon",
        "conversations ls --limit 0",
        "conversations ls --state warm",
        "conversations evict",
        "conversations rm",
        "conversations fork a --turn 0",
        "top --once now",
        "top --interval 0",
        "pool watch --interval 50ms",
    ],
)
async def test_wrong_usage_is_exit_code_two_and_reaches_no_core(core: FakeCore, hotseat: Operate, line: str) -> None:
    ended = await hotseat(line)
    assert (ended.code, ended.out) == (2, "")
    assert "Error: " in ended.err
    assert core.calls == []


async def test_a_refused_resize_is_the_core_s_own_words(core: FakeCore, hotseat: Operate) -> None:
    core.unary_error = failure("INVALID_MESSAGE", "max_workers: too many")
    assert await hotseat("pool resize 9") == Ended(1, "", "hotseat: INVALID_MESSAGE: max_workers: too many\n")


async def test_a_watch_prints_every_change_until_the_core_stops(core: FakeCore, hotseat: Operate) -> None:
    watching = asyncio.create_task(hotseat("pool watch --interval 200ms"))
    await until(lambda: bool(core.watchers))
    core.change(pb.Worker(worker_id="w2", state=pb.Worker.STATE_RUNNING, conversation_id="notes"))
    core.change(pb.Worker(worker_id="w2", state=pb.Worker.STATE_STOPPED), state=pb.Pool.STATE_DRAINED)
    core.end_watches()
    ended = await watching
    assert [line.partition("Z  ")[2] for line in ended.out.splitlines()] == [
        "pool active: 1 running, 0 waiting, 4 of at most 4 processes",
        "w1  unspecified",
        "w2  running  notes",
        "pool drained: 1 running, 0 waiting, 4 of at most 4 processes",
        "w2  stopped",
    ]
    assert ended.code == 1
    assert "has ended the watch" in ended.err
    assert core.watch_intervals == [0.2]


async def test_a_watch_in_json_is_an_object_a_line(core: FakeCore, hotseat: Operate) -> None:
    watching = asyncio.create_task(hotseat("pool watch --json"))
    await until(lambda: bool(core.watchers))
    core.change(pb.Worker(worker_id="w2"))
    core.end_watches()
    first, second = [json.loads(line) for line in (await watching).out.splitlines()]
    assert (first["pool"]["state"], [worker["worker_id"] for worker in first["workers"]]) == ("active", ["w1"])
    assert (second["pool"], [worker["worker_id"] for worker in second["workers"]]) == (None, ["w2"])


# ---- top without a terminal


async def test_top_once_is_one_picture_anywhere(core: FakeCore, hotseat: Operate) -> None:
    ended = await hotseat("top --once")
    assert ended.code == 0
    assert ended.out.startswith("active  unix:")
    assert ended.out.splitlines()[-1].split()[:2] == ["w1", "42"]
    told = record(await hotseat("top --once --json"))
    assert (told["pool"]["state"], told["workers"][0]["worker_id"]) == ("active", "w1")


async def test_top_without_a_terminal_says_what_to_use(hotseat: Operate) -> None:
    ended = await hotseat("top")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "hotseat: top needs a terminal; use --once for one picture, or `hotseat pool watch`\n"


# ---- conversations


async def test_conversations_are_listed_up_to_the_limit_and_it_says_that_there_are_more(
    core: FakeCore, hotseat: Operate
) -> None:
    hold(core, *(f"c{n:02}" for n in range(12)), LONG_ID)
    ended = await hotseat("conversations ls --limit 3")
    assert [row[0] for row in rows(ended)] == ["c00", "c01", "c02"]
    assert ended.err == "there are more than 3: raise --limit, or list them with --all\n"
    everything = await hotseat("conversations ls --all")
    assert ([row[0] for row in rows(everything)][-1], everything.err) == (LONG_ID, "")
    told = record(await hotseat("conversations ls --json --limit 13"))
    assert (len(told["conversations"]), told["has_more"]) == (13, False)


async def test_conversations_of_a_state_are_listed_alone(core: FakeCore, hotseat: Operate) -> None:
    hold(core, "idle")
    hold(core, "asks", state=pb.Conversation.STATE_REQUIRES_ACTION)
    hold(core, "cold", state=pb.Conversation.STATE_COLD)
    ended = await hotseat("conversations ls --state cold --state requires-action -q")
    assert ended.out.split() == ["asks", "cold"]


async def test_a_conversation_is_shown_with_settings_usage_and_its_last_turns(core: FakeCore, hotseat: Operate) -> None:
    hold(core, "notes")
    kept = core.conversations["notes"]
    kept.settings.profile = "claude"
    kept.settings.system_prompt.text = "Be brief.\n" * 30
    kept.turn_count, kept.usage.input_tokens, kept.usage.cache_read_tokens = 120, 1000, 500
    core.turns["notes"] = [pb.Turn(turn=number, input=[pb.ContentBlock(text="secret")]) for number in range(1, 121)]
    core.turns["notes"][-1].completed.outcome = pb.TurnCompleted.OUTCOME_FAILED
    core.turns["notes"][-1].completed.error.reason = pb.ERROR_REASON_STALLED
    out = (await hotseat("conversations show notes --turns 2")).out
    assert "Tokens         1,500 in (500 from the cache), 0 out\n" in out
    assert "... (300 characters; --json has them all)\n" in out
    turns = out.partition("TURN  OUTCOME")[2].splitlines()[1:]
    assert [line.split()[:2] for line in turns] == [["119", "running"], ["120", "failed"]]
    assert turns[-1].endswith("STALLED")
    assert "secret" not in out
    assert "turn 120, user:\nsecret\n" in (await hotseat("conversations show notes --turns 1 --text")).out
    told = record(await hotseat("conversations show notes --json"))
    assert told["conversation"]["settings"]["system_prompt"] == "Be brief.\n" * 30
    assert [turn["turn"] for turn in told["turns"]] == list(range(111, 121))
    assert record(await hotseat("conversations show notes --json --turns 0"))["turns"] == []


async def test_a_missing_conversation_says_how_to_find_the_others(hotseat: Operate) -> None:
    ended = await hotseat("conversations show nobody")
    assert ended == Ended(
        1,
        "",
        "hotseat: CONVERSATION_NOT_FOUND: no conversation nobody; `hotseat conversations ls` lists those there are\n",
    )


async def test_several_are_evicted_whatever_becomes_of_one(core: FakeCore, hotseat: Operate) -> None:
    hold(core, "a", "b")
    hold(core, "busy", state=pb.Conversation.STATE_RUNNING)
    hold(core, "cold", state=pb.Conversation.STATE_COLD)
    ended = await hotseat("conversations evict a nobody busy cold b a")
    assert ended.out == "a  off worker w1\ncold  was cold already\nb  off worker w1\n"
    assert ended.code == 1
    assert [line.split(":")[1:3] for line in ended.err.splitlines()] == [
        [" nobody", " CONVERSATION_NOT_FOUND"],
        [" busy", " TURN_RUNNING"],
    ]
    assert core.evicted == ["a", "b"]
    forced = await hotseat("conversations evict busy --force --json")
    assert (forced.code, record(forced)) == (0, {"evicted": ["busy"], "failed": []})


async def test_deleting_asks_and_where_nobody_can_be_asked_it_refuses(
    core: FakeCore, hotseat: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(core, "a")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))  # no terminal
    ended = await hotseat("conversations rm a")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "hotseat: nobody can be asked whether to delete for good: add --yes\n"
    assert set(core.conversations) == {"a"}


async def test_deleting_a_busy_or_missing_one_takes_force(core: FakeCore, hotseat: Operate) -> None:
    hold(core, "a", "b")
    hold(core, "busy", state=pb.Conversation.STATE_REQUIRES_ACTION)
    ended = await hotseat("conversations rm --yes a busy nobody b --json")
    assert ended.code == 1
    told = record(ended)
    assert (told["deleted"], [each["conversation_id"] for each in told["failed"]]) == (["a", "b"], ["busy", "nobody"])
    assert "use force" in told["failed"][0]["message"]
    assert set(core.conversations) == {"busy"}
    assert (await hotseat("conversations rm -y --force busy nobody")).out == "busy  deleted\nnobody  deleted\n"
    assert core.conversations == {}


async def test_a_fork_prints_the_new_id(core: FakeCore, hotseat: Operate) -> None:
    hold(core, "a")
    assert await hotseat("conversations fork a --turn 2 --as b") == Ended(0, "b\n", "")
    assert core.conversations["b"].turn_count == 2
    assert record(await hotseat("conversations fork a --json"))["conversation"]["conversation_id"]


# ---- export and import

PIECES = [b'{"format": 1}\n{"no', b'de": "\xc3', b'\xa4"}\n']  # cut anywhere
WHOLE = b"".join(PIECES)


async def test_an_export_is_a_file_that_only_its_owner_may_read(
    core: FakeCore, hotseat: Operate, tmp_path: Path
) -> None:
    core.archive["a"] = PIECES
    ended = await hotseat("conversations export a -o a.jsonl")
    assert ended == Ended(0, "", f"a.jsonl: {len(WHOLE)} B\n")
    file = tmp_path / "a.jsonl"
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (WHOLE, 0o600)
    told = record(await hotseat("conversations export a -o b.jsonl --json"))
    assert told == {"conversation_id": "a", "file": "b.jsonl", "byte_count": len(WHOLE)}


async def test_an_export_overwrites_only_by_force(core: FakeCore, hotseat: Operate, tmp_path: Path) -> None:
    core.archive["a"] = PIECES
    (tmp_path / "a.jsonl").write_text("mine")
    ended = await hotseat("conversations export a -o a.jsonl")
    assert ended == Ended(1, "", "hotseat: a.jsonl exists; name another file, or overwrite it with --force\n")
    assert (tmp_path / "a.jsonl").read_text() == "mine"
    assert (await hotseat("conversations export a -o a.jsonl --force")).code == 0
    assert (tmp_path / "a.jsonl").read_bytes() == WHOLE


async def test_an_export_that_breaks_off_leaves_what_was_there(
    core: FakeCore, hotseat: Operate, tmp_path: Path
) -> None:
    core.archive["a"] = PIECES
    core.breaks_off = True
    (tmp_path / "a.jsonl").write_text("mine")
    ended = await hotseat("conversations export a -o a.jsonl --force")
    assert ended == Ended(1, "", "hotseat: STORAGE_FAILED: the disk is gone\n")
    left = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert left == {"a.jsonl": "mine"}


async def test_an_export_of_nobody_or_to_nowhere_is_a_failure(core: FakeCore, hotseat: Operate, tmp_path: Path) -> None:
    missing = await hotseat("conversations export nobody -o a.jsonl")
    assert (missing.code, "CONVERSATION_NOT_FOUND" in missing.err) == (1, True)
    assert not (tmp_path / "a.jsonl").exists()
    core.archive["a"] = PIECES
    nowhere = await hotseat("conversations export a -o none/a.jsonl")
    assert nowhere == Ended(1, "", "hotseat: none/a.jsonl can't be written: No such file or directory\n")


async def test_an_import_enters_the_file_and_prints_its_id(core: FakeCore, hotseat: Operate, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(WHOLE)
    assert await hotseat("conversations import a.jsonl --as b") == Ended(0, "b\n", "")
    assert core.archive["b"] == [WHOLE]
    told = record(await hotseat("conversations import a.jsonl --json"))
    assert told["conversation"]["conversation_id"] == "as-it-was"
    taken = await hotseat("conversations import a.jsonl --as b")
    assert (taken.code, taken.err) == (1, "hotseat: CONVERSATION_EXISTS: b exists\n")


async def test_an_import_of_a_file_that_is_not_there_reaches_no_core(core: FakeCore, hotseat: Operate) -> None:
    ended = await hotseat("conversations import nothing.jsonl")
    assert ended == Ended(1, "", "hotseat: nothing.jsonl can't be read: No such file or directory\n")
    assert core.calls == []


# ---- a core that is not there


@pytest.mark.parametrize(
    "line",
    ["ps", "queue", "top --once", "pool show", "pool drain --wait", "pool watch", "conversations ls", "ps --json"],
)
async def test_without_a_core_every_command_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    target = f"unix:{tmp_path}/nothing"
    ended = await operator(target, monkeypatch, capsys)(line)
    assert ended == Ended(
        1,
        "",
        f"hotseat: no core answers at {target} (No such file or directory); "
        "start one with `hotseat up`, or name it with --target\n",
    )


async def test_what_a_core_says_cannot_steer_the_terminal(core: FakeCore, hotseat: Operate) -> None:
    hold(core, "a")
    core.turns["a"] = [pb.Turn(turn=1, input=[pb.ContentBlock(text="x\x1b[2Jy\nz")])]
    assert "x\N{REPLACEMENT CHARACTER}[2Jy\nz\n" in (await hotseat("conversations show a --text")).out
    core.unary_error = failure("INTERNAL", "a\x1b]0;b")
    assert "\x1b" not in (await hotseat("ps")).err

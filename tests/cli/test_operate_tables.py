"""What people and programs read: durations, sizes, tables, records. All of it pure."""

import click
import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hotseat import HotseatError, pb
from hotseat_cli.explain import explain
from hotseat_cli.operate import humane, records, tables
from hotseat_cli.operate.picture import Picture
from hotseat_cli.operate.tables import Column, Table
from hotseat_cli.options import Bytes, Seconds

NOW = 10_000.0


def at(seconds: float) -> Timestamp:
    moment = Timestamp()
    moment.FromNanoseconds(int(seconds * 1e9))
    return moment


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (-3, "0.0s"),
        (0, "0.0s"),
        (0.44, "0.4s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (303, "5m03s"),
        (3599.9, "1h00m"),
        (7500, "2h05m"),
        (86400, "1d00h"),
        (86400 * 40 + 4 * 3600, "40d04h"),
    ],
)
def test_a_length_of_time_has_two_units_at_most(seconds: float, told: str) -> None:
    assert humane.duration(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (1023, "1023 B"), (900 * 1024, "900 KiB"), (182 * 2**20, "182 MiB"), (3 * 2**29, "1.5 GiB")],
)
def test_sizes_are_in_binary_units(count: int, told: str) -> None:
    assert humane.size(count) == told


@pytest.mark.parametrize(("dollars", "told"), [(0, "$0.00"), (0.0316, "$0.0316"), (12.345, "$12.35")])
def test_small_sums_keep_digits_that_can_be_seen(dollars: float, told: str) -> None:
    assert humane.cost(dollars) == told


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("0", 0), ("1.5", 1.5), ("500ms", 0.5), ("30s", 30), ("10m", 600), ("1h30m", 5400), ("2d", 172800)],
)
def test_a_length_of_time_is_written_as_people_do(text: str, seconds: float) -> None:
    assert Seconds().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "-1", "soon", "10x", "1h 30m", "m", "\u0663s", "1e3", "inf", "nan"])
def test_what_is_no_length_of_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 30s, 10m or 1h30m"):
        Seconds().convert(text, None, None)


@pytest.mark.parametrize("text", ["3651d", "9" * 400])
def test_a_length_of_time_that_no_message_could_hold_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match="more than ten years"):
        Seconds().convert(text, None, None)


TABLE = Table(
    (Column("NAME"), Column("RARELY", 9), Column("SOME", 2, is_number=True)), (("a", "x", "1"), ("bcdefgh", "", "12"))
)


@pytest.mark.parametrize(
    ("width", "titles"),
    [(80, ["NAME", "RARELY", "SOME"]), (20, ["NAME", "SOME"]), (12, ["NAME"]), (3, ["NAME"])],
)
def test_a_narrow_terminal_loses_the_columns_missed_least(width: int, titles: list[str]) -> None:
    assert [column.title for column in TABLE.fitting(width).columns] == titles


def test_a_table_of_exactly_the_width_loses_nothing() -> None:
    width = len(TABLE.lines()[2])
    assert TABLE.fitting(width) == TABLE
    assert TABLE.fitting(width - 1) != TABLE


@pytest.mark.parametrize(("width", "widths"), [(80, [30, 5, 10]), (40, [21, 5, 10]), (29, [10, 5, 10]), (5, [6, 5, 6])])
def test_ids_alone_give_way_the_widest_first(width: int, widths: list[int]) -> None:
    columns = (Column("A", is_id=True), Column("B"), Column("C", is_id=True))
    assert Table(columns, (("a" * 30, "b" * 5, "c" * 10),)).widths_within(width) == widths


def test_plain_lines_are_aligned_and_shorten_nothing() -> None:
    assert TABLE.lines() == ["NAME     RARELY  SOME", "a        x          1", "bcdefgh            12"]


def test_a_table_without_rows_is_its_titles() -> None:
    assert Table(TABLE.columns, ()).lines() == ["NAME  RARELY  SOME"]


def test_the_running_come_first_and_the_oldest_among_equals() -> None:
    state = pb.Worker.State
    found = [
        pb.Worker(worker_id="stopping", state=state.STATE_STOPPING),
        pb.Worker(worker_id="young", state=state.STATE_IDLE, start_time=at(9)),
        pb.Worker(worker_id="old", state=state.STATE_IDLE, start_time=at(5)),
        pb.Worker(worker_id="busy", state=state.STATE_RUNNING, start_time=at(9)),
    ]
    assert [worker.worker_id for worker in tables.in_order(found)] == ["busy", "old", "young", "stopping"]


def test_a_worker_shows_the_timer_that_belongs_to_its_state() -> None:
    running = pb.Worker(
        worker_id="w1",
        state=pb.Worker.STATE_RUNNING,
        pid=7,
        profile="claude",
        conversation_id="c",
        start_time=at(NOW - 3600),
        turn_start_time=at(NOW - 12),
        last_turn_time=at(NOW - 60),
        memory_bytes=182 * 2**20,
        turn_count=3,
    )
    idle = pb.Worker(worker_id="w2", state=pb.Worker.STATE_IDLE, start_time=at(NOW - 90), last_turn_time=at(NOW - 60))
    assert tables.workers([running, idle], NOW).rows == (
        ("w1", "7", "running", "claude", "c", "12s", "-", "1h00m", "182 MiB", "3"),
        ("w2", "-", "idle", "-", "-", "-", "1m00s", "1m30s", "-", "0"),
    )


def test_a_clock_that_is_behind_the_core_s_makes_nothing_negative() -> None:
    turn = pb.QueuedTurn(position=1, conversation_id="c", profile="p", queue_time=at(NOW + 5), expire_time=at(NOW - 5))
    assert tables.queue([turn], NOW).rows == (("1", "c", "p", "0.0s", "0.0s"),)


def fields(message: type, *without: str) -> set[str]:
    names = {field.name for field in message.DESCRIPTOR.fields}  # type: ignore[attr-defined] # every message has one
    return {name.removesuffix("_duration") for name in names} - set(without)


def test_json_has_every_field_of_the_contract() -> None:
    assert set(records.worker(pb.Worker())) == fields(pb.Worker)
    assert set(records.pool(pb.Pool())) == fields(pb.Pool)
    stats = {name.removesuffix("_seconds") for name in records.pool(pb.Pool())["stats"]}
    assert stats == fields(pb.PoolStats)
    assert {name.removesuffix("_seconds") for name in records.pool(pb.Pool())["size"]} == fields(pb.PoolSize)
    assert set(records.queued_turn(pb.QueuedTurn())) == fields(pb.QueuedTurn)
    # The CLI's session id is not told yet.
    assert set(records.conversation(pb.Conversation())) == fields(pb.Conversation, "session_id")
    assert set(records.usage(pb.Usage())) == fields(pb.Usage)


def test_json_is_exact_where_the_table_rounds() -> None:
    size = pb.PoolSize(max_workers=4, idle_timeout=Duration(nanos=1_500_000))
    record = records.pool(pb.Pool(state=pb.Pool.STATE_DRAINING, size=size, start_time=at(0.25)))
    assert (record["state"], record["start_time"]) == ("draining", "1970-01-01T00:00:00.250Z")
    assert record["size"]["idle_timeout_seconds"] == 0.0015


def test_a_turn_s_text_is_told_only_when_asked_for() -> None:
    picture = pb.ContentBlock(image=pb.Blob(media_type="image/png"))
    turn = pb.Turn(turn=2, input=[pb.ContentBlock(text="look"), picture])
    turn.completed.text = "I see"
    assert not {"input", "text"} & set(records.turn(turn, with_text=False))
    told = records.turn(turn, with_text=True)
    assert (told["input"], told["text"]) == ("look\n[image: image/png]", "I see")


def test_a_turn_without_an_end_runs() -> None:
    told = records.turn(pb.Turn(turn=1), with_text=True)
    assert (told["outcome"], told["duration_seconds"], told["usage"], told["text"]) == ("running", None, None, None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            HotseatError(
                "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused",
                code=grpc.StatusCode.UNAVAILABLE,
            ),
            "no core answers at here:1 (Connection refused); start one with `hotseat up`, or name it with --target",
        ),
        (
            HotseatError(
                "errors resolving here:1: [field:hostname lookup error:no address of here:1: Domain name not found]",
                code=grpc.StatusCode.UNAVAILABLE,
            ),
            "no core answers at here:1 (Domain name not found); start one with `hotseat up`, or name it with --target",
        ),
        (
            HotseatError("Deadline Exceeded", code=grpc.StatusCode.DEADLINE_EXCEEDED),
            "the core at here:1 did not answer in time; its log may say why",
        ),
        (
            HotseatError("Method not found!", code=grpc.StatusCode.UNIMPLEMENTED),
            "what answers at here:1 does not know this call; is it a core, and of this version?",
        ),
        (
            HotseatError("oops", code=grpc.StatusCode.INTERNAL),
            "the core at here:1 failed: INTERNAL: oops",
        ),
        (
            HotseatError("no c", code=grpc.StatusCode.NOT_FOUND, reason="CONVERSATION_NOT_FOUND"),
            "CONVERSATION_NOT_FOUND: no c; `hotseat conversations ls` lists those there are",
        ),
        (
            HotseatError("drains", code=grpc.StatusCode.UNAVAILABLE, reason="POOL_DRAINING", retry_delay=3),
            "POOL_DRAINING: drains (try again in 3 s)",
        ),
    ],
)
def test_a_failure_says_what_to_do_next(error: HotseatError, told: str) -> None:
    assert explain(error, "here:1") == told


def test_the_picture_is_what_was_told_last() -> None:
    picture = Picture("here:1")
    idle = pb.Worker(worker_id="w1", state=pb.Worker.STATE_IDLE)
    picture.take(pb.WatchPoolResponse(pool=pb.Pool(state=pb.Pool.STATE_ACTIVE), workers=[idle]), is_first=True)
    running = pb.Worker(worker_id="w1", state=pb.Worker.STATE_RUNNING)
    picture.take(pb.WatchPoolResponse(workers=[running, pb.Worker(worker_id="w2")]), is_first=False)
    gone = pb.Worker(worker_id="w2", state=pb.Worker.STATE_STOPPED)
    picture.take(pb.WatchPoolResponse(workers=[gone]), is_first=False)
    assert picture.pool.state == pb.Pool.STATE_ACTIVE
    assert picture.workers == {"w1": running}


def test_a_new_watch_forgets_the_processes_of_the_core_before() -> None:
    picture = Picture("here:1")
    picture.take(pb.WatchPoolResponse(workers=[pb.Worker(worker_id="old")]), is_first=True)
    picture.lose("Connection refused", NOW)
    picture.lose("Connection refused", NOW + 1)
    assert picture.head(NOW + 7)[-1] == "No news for 7.0s: Connection refused; trying again"
    picture.take(pb.WatchPoolResponse(workers=[pb.Worker(worker_id="new")]), is_first=True)
    assert set(picture.workers) == {"new"}
    assert not any("No news" in line for line in picture.head(NOW + 8))


def test_measured_memory_brings_no_process_back() -> None:
    picture = Picture("here:1")
    picture.take(pb.WatchPoolResponse(workers=[pb.Worker(worker_id="w1", turn_count=5)]), is_first=True)
    picture.measure([pb.Worker(worker_id="w1", memory_bytes=7), pb.Worker(worker_id="gone", memory_bytes=8)])
    assert picture.workers == {"w1": pb.Worker(worker_id="w1", turn_count=5, memory_bytes=7)}


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("900MiB", 900 * 2**20), ("8GiB", 2**33), ("8g", 2**33), ("1.5 gb", 3 * 2**29), ("4096", 2**32)],
)
def test_memory_is_read_with_its_unit_and_as_mebibytes_without(text: str, count: int) -> None:
    assert Bytes().convert(text, None, None) == count


@pytest.mark.parametrize("text", ["", "lots", "-1", "8 GiBs", "1e9", "\N{ARABIC-INDIC DIGIT THREE}", "2048TiB"])
def test_what_is_no_amount_of_memory_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"no amount of memory|more than"):
        Bytes().convert(text, None, None)

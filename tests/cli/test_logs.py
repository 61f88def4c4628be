"""`hotseat logs`: what servers have kept of their logs."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hotseat_cli.logged import files, lines
from hotseat_cli.logged.files import Follower
from hotseat_cli.logged.lines import Line, parse

AT = "2026-01-02T03:04:05.678901Z"


def record(number: int, level: str = "info") -> str:
    """A line of a log; a higher number is later."""
    return json.dumps({"event": f"event {number}", "level": level, "timestamp": f"2026-01-02T03:04:{number:02}Z"})


def write(file: Path, *texts: str) -> None:
    with file.open("a") as log:
        log.write("".join(f"{text}\n" for text in texts))


def events(found: list[Line]) -> list[str]:
    return [line.record["event"] for line in found]


def anything(line: Line) -> bool:
    return True


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "hotseat_cli", "logs", *words]


def clean(directory: Path, **environment: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(directory), **environment}


def logs(directory: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words),
        cwd=directory,
        env=clean(directory, **environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"level": "info"}, ["info     a word"]),
        (
            {"level": "warning", "pid": 7, "why": "two words", "no": None},
            ['warning  a word  pid=7  why="two words"  no=null'],
        ),
        ({"level": "error", "exception": "Traceback\n  Oops"}, ["error    a word", "    Traceback", "      Oops"]),
        ({"level": "info", "x": "\x1b[2J"}, ["info     a word  x=\N{REPLACEMENT CHARACTER}[2J"]),
    ],
)
def test_people_read_time_server_level_event_and_fields(fields: dict[str, object], told: list[str]) -> None:
    line = parse(json.dumps({"event": "a word", "timestamp": AT, **fields}), "core")
    first, *rest = line.for_people(colour=False).splitlines()
    time, _, shown = first.partition("  core  ")
    assert [shown, *rest] == told
    assert time.endswith(":05.678")  # the date and the hour are the reader's


def test_what_is_no_record_is_told_as_it_is() -> None:
    for text in ("Traceback", "[1]", '"x"'):
        line = parse(text, "edge")
        assert (line.for_people(colour=False), line.is_at_least("error")) == (f"edge  {text}", True)
        assert json.loads(line.as_json()) == {"server": "edge", "event": text}


@pytest.mark.parametrize(
    ("level", "wanted", "is_told"),
    [("info", "debug", True), ("info", "warning", False), ("error", "warning", True), ("critical", "error", True)],
)
def test_a_level_leaves_out_what_matters_less(level: str, wanted: str, is_told: bool) -> None:
    assert parse(record(1, level), "core").is_at_least(wanted) is is_told


def test_the_last_lines_come_from_older_files_too(tmp_path: Path) -> None:
    file = tmp_path / "core.jsonl"
    write(tmp_path / "core.jsonl.2", record(1), record(2))
    write(tmp_path / "core.jsonl.1", record(3), record(4, "error"))
    write(file, record(5), record(6))
    assert events(files.ends(file, "core", 5, anything)) == ["event 2", "event 3", "event 4", "event 5", "event 6"]
    assert events(files.ends(file, "core", 9, lambda line: line.is_at_least("error"))) == ["event 4"]
    assert files.ends(file, "core", 0, anything) == []
    assert events(files.ends(file, "core", 1, anything, most_bytes=len(record(5)) + 1)) == ["event 5"]


def test_lines_of_several_servers_are_in_the_order_of_time() -> None:
    found = [parse(record(number), server) for number, server in ((3, "core"), (5, "core"), (4, "edge"))]
    assert events(lines.latest(found, 2)) == ["event 4", "event 5"]
    assert lines.latest(found, 0) == []


def test_following_goes_on_where_a_full_file_was_moved_aside(tmp_path: Path) -> None:
    file = tmp_path / "core.jsonl"
    write(file, record(1))
    follower = Follower(file, "core")
    assert follower.seen == file.stat().st_size
    assert events([*follower.new_lines()]) == []
    with file.open("a") as log:
        log.write(record(2)[:10])
        log.flush()
        assert events([*follower.new_lines()]) == []
        log.write(f"{record(2)[10:]}\n")
    write(file, record(3))
    file.rename(tmp_path / "core.jsonl.1")
    assert events([*follower.new_lines()]) == ["event 2", "event 3"]
    write(file, record(4))
    assert events([*follower.new_lines()]) == ["event 4"]
    follower.close()


def test_following_begins_with_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    follower = Follower(tmp_path / "core.jsonl", "core")
    assert ([*follower.new_lines()], follower.seen) == ([], 0)
    write(tmp_path / "core.jsonl", record(1))
    assert events([*follower.new_lines()]) == ["event 1"]
    follower.close()


def test_a_pipe_gets_records_with_their_server(tmp_path: Path) -> None:
    kept = tmp_path / ".hotseat" / "logs"
    kept.mkdir(parents=True)
    write(kept / "core.jsonl", record(1), record(3, "warning"))
    write(kept / "edge.jsonl", record(2))
    found = [json.loads(line) for line in logs(tmp_path).stdout.splitlines()]
    assert [(one["server"], one["event"]) for one in found] == [
        ("core", "event 1"),
        ("edge", "event 2"),
        ("core", "event 3"),
    ]
    one = logs(tmp_path.parent, "core", "-n", "1", "--dir", str(kept))
    assert json.loads(one.stdout)["event"] == "event 3"


def test_follow_tells_what_comes_until_it_is_interrupted(tmp_path: Path) -> None:
    write(tmp_path / "core.jsonl", record(1))
    following = subprocess.Popen(
        command("-f", "--level", "info"),
        cwd=tmp_path,
        env=clean(tmp_path, HOTSEAT_LOG_DIR=str(tmp_path)),
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )

    def next_event() -> str:
        assert following.stdout is not None
        ready, _, _ = select.select([following.stdout], [], [], 60)
        assert ready, "it says nothing"
        return str(json.loads(following.stdout.readline())["event"])

    try:
        assert next_event() == "event 1"
        write(tmp_path / "edge.jsonl", record(2, "debug"), record(3))
        assert next_event() == "event 3"
        following.send_signal(signal.SIGINT)
        assert following.wait(60) == 130
    finally:
        following.kill()
        following.communicate()


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({}, "hotseat: no log is kept in {cwd}/.hotseat/logs: `hotseat up` keeps them in its data directory"),
        ({"HOTSEAT_LOG_DIR": "off"}, "hotseat: no log is kept: HOTSEAT_LOG_DIR is off"),
    ],
)
def test_where_nothing_is_kept_that_is_said(tmp_path: Path, environment: dict[str, str], says: str) -> None:
    told = logs(tmp_path, **environment)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith(says.format(cwd=tmp_path))

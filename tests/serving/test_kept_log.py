"""A server's log, kept in files of bounded size."""

import json
import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hotseat_serving import kept_log
from hotseat_serving.kept_log import CannotKeepLogError, keep

SERVER = """
import logging, sys
from hotseat_serving import kept_log, logs
logs.configure("info", "text")
kept_log.MOST_BYTES = int(sys.argv[2])
kept_log.keep(sys.argv[1], "core")
for number in range(int(sys.argv[3])):
    logging.getLogger("a").info("an event", extra={"number": number, "key": "sk-ant-of-mine-alone"})
"""


def serve(directory: str, most_bytes: int = 10_000, count: int = 3) -> str:
    command = [sys.executable, "-c", SERVER, directory, str(most_bytes), str(count)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr


def records(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_what_is_logged_is_kept_as_json_for_the_user_alone_and_without_secrets(tmp_path: Path) -> None:
    said = serve(str(tmp_path / "data" / "logs"))
    file = tmp_path / "data" / "logs" / "core.jsonl"
    assert [(found["event"], found["number"], found["level"]) for found in records(file)] == [
        ("an event", number, "info") for number in range(3)
    ]
    assert "of-mine-alone" not in file.read_text()
    assert said.count("an event") == 3
    assert not said.startswith("{")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(path.stat().st_mode) for path in (file.parent, file.parent.parent)} == {0o700}


def test_a_full_file_is_moved_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    serve(str(tmp_path), most_bytes=1000, count=100)
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["core.jsonl", *(f"core.jsonl.{number}" for number in range(1, kept_log.OLD_FILES + 1))]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert records(tmp_path / "core.jsonl")[-1]["number"] == 99
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("directory", ["", "off"])
def test_nothing_is_kept_where_that_is_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directory: str
) -> None:
    monkeypatch.chdir(tmp_path)
    before = list(logging.getLogger().handlers)
    keep(directory, "core")
    assert logging.getLogger().handlers == before
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_can_not_be_one_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotKeepLogError, match="set HOTSEAT_LOG_DIR to another place, or to off"):
        keep(str(tmp_path / "file" / "logs"), "core")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_disk_that_is_full_is_told_once_and_the_server_goes_on(tmp_path: Path) -> None:
    (tmp_path / "core.jsonl").symlink_to("/dev/full")
    said = serve(str(tmp_path))
    assert said.count("an event") == 3
    assert said.count("misses lines: [Errno 28] No space left on device") == 1

"""A configuration file that is read again: what is taken, what needs a restart, and what changes nothing."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hotseat_serving.configuration.document import Entry
from hotseat_serving.configuration.file import configured
from hotseat_serving.configuration.reloading import Change, Reloading, compare


def entries(**texts: str) -> dict[str, Entry]:
    return {name: Entry(text, 1) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("before", "after", "live", "rest", "taken"),
    [
        ({}, {}, [], [], {}),
        ({"POOL_SIZE": "4"}, {"POOL_SIZE": "4"}, [], [], {"POOL_SIZE": "4"}),
        ({"POOL_SIZE": "4"}, {"POOL_SIZE": "8"}, ["POOL_SIZE"], [], {"POOL_SIZE": "8"}),
        ({}, {"POOL_SIZE": "8"}, ["POOL_SIZE"], [], {"POOL_SIZE": "8"}),
        ({"POOL_SIZE": "8"}, {}, ["POOL_SIZE"], [], {}),
        ({"PORT": "1"}, {"PORT": "2"}, [], ["PORT"], {"PORT": "1"}),
        ({}, {"PORT": "2", "POOL_SIZE": "8"}, ["POOL_SIZE"], ["PORT"], {"POOL_SIZE": "8"}),
        ({"PORT": "1"}, {}, [], ["PORT"], {"PORT": "1"}),
    ],
)
def test_a_changed_file_is_taken_as_far_as_it_can_be(
    before: dict[str, str], after: dict[str, str], live: list[str], rest: list[str], taken: dict[str, str]
) -> None:
    assert compare(entries(**before), entries(**after)) == Change(tuple(live), tuple(rest), entries(**taken))


class Refused(Exception):
    pass


class Server:
    """Takes any settings but a pool of 13."""

    def __init__(self, directory: Path, text: str, **environ: str) -> None:
        self.file = directory / "hotseat.toml"
        self.file.write_text(text)
        self.changes: list[tuple[dict[str, str], dict[str, str]]] = []
        found = configured(environ, directory=directory)
        self._reloading = Reloading(found, self.read(found.values), self.read, Refused, self.become)

    @staticmethod
    def read(values: Mapping[str, str]) -> dict[str, str]:
        if values.get("POOL_SIZE") == "13":
            raise Refused("POOL_SIZE='13' brings bad luck")
        return {name: value for name, value in values.items() if name != "HOTSEAT_CONFIG"}

    def become(self, old: dict[str, str], new: dict[str, str]) -> None:
        self.changes.append((old, new))

    def reload(self, text: str) -> None:
        self.file.write_text(text)
        self._reloading.reload()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[Any, ...]]:
    """What was logged, with its one field."""
    known = {*vars(logging.makeLogRecord({})), "message", "asctime"}
    return [
        (record.getMessage(), *(value for name, value in vars(record).items() if name not in known))
        for record in caplog.records
    ]


def test_what_can_change_changes_and_the_rest_is_told_of_until_the_restart(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = Server(tmp_path, "[pool]\nsize = 4\n[edge]\nport = 1\n")
    server.reload("[pool]\nsize = 8\n[edge]\nport = 2\n")
    server.reload("[pool]\nsize = 8\n[edge]\nport = 2\n")
    server.reload("[pool]\nsize = 8\n[edge]\nport = 1\n")
    was, now = {"POOL_SIZE": "4", "PORT": "1"}, {"POOL_SIZE": "8", "PORT": "1"}
    assert server.changes == [(was, now), (now, now), (now, now)]
    assert told(caplog) == [
        ("the configuration is reloaded", ["pool.size"]),
        ("a restart is needed for changed settings", ["edge.port"]),
        ("the configuration is reloaded", []),
        ("a restart is needed for changed settings", ["edge.port"]),
        ("the configuration is reloaded", []),
    ]


def test_what_the_environment_says_stays(tmp_path: Path) -> None:
    server = Server(tmp_path, "[pool]\nsize = 4\n", POOL_SIZE="5")
    server.reload("[pool]\nsize = 8\nmax_queue = 1\n")
    assert server.changes == [({"POOL_SIZE": "5"}, {"POOL_SIZE": "5", "HOTSEAT_MAX_QUEUE": "1"})]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[pool]\nsize = 13\n", "POOL_SIZE='13' brings bad luck"),
        ("[pool]\nsize = 0\n", "{file}:2: size in [pool] is 0, but takes a whole number, 1 or more"),
        ("[pool]\nsize =\n", "{file}:2: this is no TOML: invalid value"),
    ],
)
def test_a_file_that_can_not_be_used_changes_nothing_and_the_next_one_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, reason: str
) -> None:
    server = Server(tmp_path, "[pool]\nsize = 4\n")
    server.reload(text)
    assert server.changes == []
    assert told(caplog) == [("the configuration is not reloaded", reason.format(file=server.file))]
    server.reload("[pool]\nsize = 5\n")
    assert server.changes == [({"POOL_SIZE": "4"}, {"POOL_SIZE": "5"})]


def test_a_file_that_is_gone_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = Server(tmp_path, "[pool]\nsize = 4\n")
    server.file.unlink()
    server._reloading.reload()
    ((text, reason),) = told(caplog)
    assert (text, server.changes) == ("the configuration is not reloaded", [])
    assert reason.startswith(f"{server.file} is gone; put it back")

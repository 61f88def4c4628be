"""Whether a database may have been written to since it was read, as its files tell."""

import os
from pathlib import Path

import pytest
from hotseat_core.access.traces import Traces

NOW = 1_800_000_000.0


class Machine:
    """A database with its log, last written to a minute ago, and a clock."""

    def __init__(self, directory: Path) -> None:
        self.now = NOW
        self.file, self.log = directory / "keys.db", directory / "keys.db-wal"
        for path in (self.file, self.log):
            self.write(path, "at first", NOW - 60)
        self.traces = Traces(self.file, clock=lambda: self.now)

    def write(self, path: Path, text: str, at: float | None = None) -> None:
        path.write_text(text)
        os.utime(path, (0, self.now if at is None else at))

    def read(self) -> None:
        """As who follows the database does."""
        assert self.traces.are_new()
        self.traces.were_read()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_what_was_never_read_has_to_be(machine: Machine) -> None:
    assert machine.traces.are_new()
    assert machine.traces.are_new(), "looking alone reads nothing"


def test_what_nobody_writes_to_is_not_read_again(machine: Machine) -> None:
    machine.read()
    machine.now += 0.4
    assert not machine.traces.are_new()


@pytest.mark.parametrize("name", ["file", "log"])
def test_a_write_is_seen_in_either_file(machine: Machine, name: str) -> None:
    machine.read()
    machine.write(getattr(machine, name), "as long!", NOW - 59)
    assert machine.traces.are_new()


def test_a_write_of_the_same_time_is_seen_by_the_size(machine: Machine) -> None:
    machine.read()
    machine.write(machine.log, "longer than at first", NOW - 60)
    assert machine.traces.are_new()


def test_another_file_in_its_place_is_seen(machine: Machine, tmp_path: Path) -> None:
    machine.read()
    machine.write(tmp_path / "other", "at first", NOW - 60)
    (tmp_path / "other").replace(machine.file)
    assert machine.traces.are_new()


def test_after_a_write_it_is_read_until_no_other_can_look_the_same(machine: Machine) -> None:
    machine.read()
    machine.write(machine.log, "changed!")
    for _ in range(
        5
    ):  # 2 s at 0.4 s each: a second write within the first one's step of time would look like the first
        machine.read()
        machine.now += 0.4
    machine.now += 0.4
    machine.read()
    assert not machine.traces.are_new()


def test_what_could_not_be_read_is_read_again(machine: Machine) -> None:
    machine.read()
    machine.write(machine.log, "changed!", NOW - 10)
    assert machine.traces.are_new()  # and the reading fails
    assert machine.traces.are_new()


def test_where_a_file_can_not_be_looked_at_the_database_is_read_each_time(machine: Machine) -> None:
    machine.log.unlink()
    machine.read()
    machine.read()


def test_times_are_not_believed_for_long(machine: Machine) -> None:
    machine.read()
    machine.now += 4.9
    assert not machine.traces.are_new()
    machine.now += 0.2
    machine.read()
    assert not machine.traces.are_new()


def test_a_clock_that_was_set_back_lets_it_be_read(machine: Machine) -> None:
    machine.read()
    machine.now -= 3600
    machine.read()
    machine.read()

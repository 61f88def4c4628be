"""What carries a worker's mark is found and killed, and nothing else is."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hotseat_core.worker.survivors import kill_predecessors, kill_survivors, mark

Sleeper = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    """Starts a process in a session of its own, with this environment."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> "subprocess.Popen[bytes]":
        script = "import time; print(flush=True); time.sleep(1000)"
        argv = (sys.executable, "-S", "-c", script)
        process = subprocess.Popen(argv, env=environment, start_new_session=True, stdout=subprocess.PIPE)
        started.append(process)
        assert process.stdout is not None
        process.stdout.readline()  # it has its environment
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_a_worker_s_processes_are_killed_and_no_other_worker_s(sleeper: Sleeper) -> None:
    own, other, stranger = sleeper(**mark("mine")), sleeper(**mark("mine2")), sleeper()
    assert kill_survivors("mine") == 1
    assert own.poll() == -9  # it is gone by now
    assert (other.poll(), stranger.poll()) == (None, None)


def test_what_an_earlier_core_left_is_killed_and_nothing_of_another_directory(sleeper: Sleeper, tmp_path: Path) -> None:
    left = sleeper(**mark("a"), HOME=str(tmp_path / "workers" / "a" / "home"))
    elsewhere = sleeper(**mark("a"), HOME=str(tmp_path / "workers2" / "a" / "home"))
    unmarked = sleeper(HOME=str(tmp_path / "workers" / "a" / "home"))
    assert kill_predecessors(tmp_path / "workers") == 1
    assert left.poll() == -9
    assert (elsewhere.poll(), unmarked.poll()) == (None, None)

"""The processes below a process, found from above and by their parents alike."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hotseat_core.worker import descent
from hotseat_core.worker.descent import family, read

COUNT = 5
# A child of its first thread, which has some; one of another thread; and one that has ended and was not waited for.
PROGRAM = f"""
import os, sys, threading, time
def child(then):
    if os.fork() == 0:
        then()
def linger():
    time.sleep(600)
def breed():
    for _ in range({COUNT}):
        child(linger)
    linger()
child(breed)
thread = threading.Thread(target=child, args=(linger,))
thread.start()
thread.join()
child(lambda: os._exit(0))
print("ready", flush=True)
linger()
"""


@contextmanager
def brood() -> Iterator[int]:
    """A process with a family of its own, in a group of its own that is ended afterwards."""
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", PROGRAM], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process.pid
        finally:
            os.killpg(process.pid, 9)


def found_by(kind: str, pid: int) -> list[int]:
    return family(pid) if kind == "from above" else descent._by_parents()(pid)


def settled(kind: str, pid: int, count: int) -> int:
    """How many there are once there are so many; pytest's own deadline ends the waiting."""
    pause = threading.Event()
    while len(members := found_by(kind, pid)) != count:
        pause.wait(0.01)
    assert len(set(members)) == count
    return members[0]


@pytest.mark.parametrize("kind", ["from above", "by parents"])
def test_all_below_a_process_are_found_but_those_that_have_ended(kind: str) -> None:
    with brood() as pid:
        assert settled(kind, pid, 1 + 1 + COUNT + 1) == pid, "itself, two children and the grandchildren"


def test_the_machine_is_searched_only_where_the_kernel_tells_no_children(monkeypatch: pytest.MonkeyPatch) -> None:
    assert descent.descent() is family
    monkeypatch.setattr(descent, "_CHILDREN", Path("/proc/no-such-file"))
    assert os.getpid() in descent.descent()(os.getpid())


def test_a_file_is_read_to_its_end(tmp_path: Path) -> None:
    told = " ".join(map(str, range(3000)))
    (tmp_path / "children").write_text(told)
    assert read(f"{tmp_path}/children").decode() == told


def test_who_is_gone_has_nobody() -> None:
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", ""]) as process:
        process.wait()
    assert family(process.pid) == [process.pid]

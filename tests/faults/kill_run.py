"""Kill workers, cores and edges at random moments under load, and compare afterwards what everybody saw.

    python -m tests.faults.kill_run --kills 200 [--seed N] [--json]

The real CLI, the real servers and the demo model. The seed decides what is killed, in which order and after which
pauses. Every prompt has a tag: what was acknowledged must be in the journal and in all that the model hears later, no
tag may be there twice, and no process may outlive its worker or its core. See docs/conversations.md.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from hotseat_core.access.caller import DEFAULT_TENANT
from hotseat_core.journal.sqlite import SqliteStore

from tests.e2e import processes
from tests.e2e.house import House, running
from tests.e2e.logged import failures
from tests.faults.kill_clients import WAYS, Talker
from tests.faults.kill_history import Dialogue, Heard, Said, Violation, check, heard, spoken
from tests.faults.test_servers import AFTER_A_KILL_S

VICTIMS = {"worker": 60, "core": 25, "edge": 15}  # of a hundred
LONGEST_S = 1.0  # from a sign of life to the next kill
UPON_A_KILL = 0.2  # so many kills do not wait for a sign of life: something may still be starting
SIGN_OF_LIFE_S = 30.0
AFTER_A_WORKER_S = 3.0
COLLECT_S = 0.2  # the demo model keeps the latest requests only


@dataclass
class Found:
    """What a run came to."""

    seed: int
    kills: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    attempts: int = 0
    acknowledged: int = 0
    not_acknowledged: dict[str, int] = field(default_factory=dict)  # by what the client saw instead
    upstream_requests: int = 0
    conversations: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)  # processes that were there when they had to be gone
    slowest_end_s: dict[str, float] = field(default_factory=dict)  # of a killed worker's, or core's, processes
    slowest_recovery_s: float = 0.0  # from the kill of a core to the next one's readiness
    left_behind: list[str] = field(default_factory=list)  # directories, sockets, open turns, faults in a log

    @property
    def is_clean(self) -> bool:
        """Nothing happened that must not."""
        return not (self.lost or self.doubled or self.wrong or self.orphans or self.left_behind)


class Killer:
    """Kills, and brings back what does not come back by itself."""

    def __init__(self, house: House, chance: random.Random, crowd: Sequence[Talker], found: Found) -> None:
        self._house = house
        self._chance = chance
        self._crowd = crowd
        self._found = found

    async def kill(self, tasks: asyncio.TaskGroup) -> str:
        """Wait until somebody is answered, and a random while more; kill something; what it was."""
        pause_s = self._chance.uniform(0.0, LONGEST_S)
        [kind] = self._chance.choices(list(VICTIMS), list(VICTIMS.values()))
        place = self._chance.random()
        if self._chance.random() >= UPON_A_KILL:
            before = answered(self._crowd)
            await processes.until(lambda: answered(self._crowd) > before, SIGN_OF_LIFE_S, "somebody is answered")
        await asyncio.sleep(pause_s)
        if kind == "worker":
            await self._kill_worker(tasks, place)
        elif kind == "core":
            await self._kill_core(tasks)
        else:
            await self._house.edge.kill()
            await self._house.start_edge()
        self._found.kills[kind] = self._found.kills.get(kind, 0) + 1
        return kind

    async def _kill_worker(self, tasks: asyncio.TaskGroup, place: float) -> None:
        chosen: list[processes.Found] = []

        def is_killed() -> bool:
            workers = self._workers()
            chosen[:] = workers[int(place * len(workers)) :][:1]
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                for worker in chosen:
                    os.kill(worker.pid, signal.SIGKILL)
                    return True
            return False

        await processes.until(is_killed, SIGN_OF_LIFE_S, "there is a worker to kill")
        tasks.create_task(
            self._watch("worker", {worker.worker_id for worker in chosen}, AFTER_A_WORKER_S),
            name="watch a worker's end",
        )

    async def _kill_core(self, tasks: asyncio.TaskGroup) -> None:
        house, started = self._house, time.monotonic()
        ids = {process.worker_id for process in house.processes()}
        await house.core.kill()
        tasks.create_task(self._watch("core", ids, AFTER_A_KILL_S), name="watch a core's workers' end")
        await house.start_core(house.core.address.rpartition(":")[2])  # at once: the old workers may still be there
        self._found.slowest_recovery_s = max(self._found.slowest_recovery_s, time.monotonic() - started)

    def _workers(self) -> list[processes.Found]:
        """The CLIs, and what contains each; not the tools that they run."""
        mine = [found for found in self._house.processes() if "stream-json" in found.command]
        return sorted(mine, key=lambda found: found.pid)

    async def _watch(self, kind: str, worker_ids: set[str], patience_s: float) -> None:
        """An orphan is a process with the mark of a worker that was killed, or whose core was, after its time."""
        started = time.monotonic()
        while left := [found for found in self._house.processes() if found.worker_id in worker_ids]:
            if time.monotonic() - started > patience_s:
                self._found.orphans += [f"{kind} killed, after {patience_s:g} s: {process}" for process in left]
                break
            await asyncio.sleep(0.05)
        taken = round(time.monotonic() - started, 2)
        self._found.slowest_end_s[kind] = max(self._found.slowest_end_s.get(kind, 0.0), taken)


class Listener:
    """Writes down what the model hears."""

    def __init__(self, house: House) -> None:
        self._demo = house.demo
        self._last = 0
        self.heard: list[Heard] = []

    async def listen(self) -> None:
        """Go on until cancelled."""
        while True:
            self.take()
            await asyncio.sleep(COLLECT_S)

    def take(self) -> None:
        """Take what is new."""
        for recorded in self._demo.main_requests:
            if recorded.number > self._last:
                self._last = recorded.number
                if (found := heard(recorded.messages)) is not None:
                    self.heard.append(found)


async def run(directory: Path, *, kills: int, seed: int, talkers: int = len(WAYS), pool_size: int = 3) -> Found:
    """Kill that often; what was found."""
    found, started = Found(seed), time.monotonic()
    dialogues: list[Dialogue] = []
    async with running(directory, POOL_SIZE=str(pool_size), HOTSEAT_WARM_WORKERS="1") as house:
        listener = Listener(house)
        crowd = [WAYS[number % len(WAYS)](house, dialogues) for number in range(talkers)]
        killer = Killer(house, random.Random(seed), crowd, found)
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listener.listen(), name="listen to the model")
            talking = [tasks.create_task(talker.talk(stop), name="talk") for talker in crowd]
            for number in range(kills):
                kind = await killer.kill(tasks)
                _say(number + 1, kills, kind, crowd, found)
            stop.set()
            await asyncio.wait(talking)
            listening.cancel()
        listener.take()
    journal, open_turns, strays = await read_journal(directory / "data")
    for violation in check(dialogues, listener.heard, journal):
        _note(found, violation)
    found.seconds = round(time.monotonic() - started, 1)
    found.left_behind = [*open_turns, *strays, *left_behind(directory)]
    _count(found, dialogues, listener)
    return found


def _note(found: Found, violation: Violation) -> None:
    {"lost": found.lost, "doubled": found.doubled, "wrong": found.wrong}[violation.kind].append(violation.detail)


def _count(found: Found, dialogues: list[Dialogue], listener: Listener) -> None:
    attempts = [attempt for dialogue in dialogues for attempt in dialogue.attempts]
    found.attempts, found.conversations = len(attempts), len(dialogues)
    found.acknowledged = sum(attempt.answer is not None for attempt in attempts)
    found.not_acknowledged = dict(Counter(attempt.trouble for attempt in attempts if attempt.trouble).most_common())
    found.upstream_requests = len(listener.heard)


async def read_journal(data_dir: Path) -> tuple[dict[str, list[tuple[Said, ...]]], list[str], list[str]]:
    """By conversation all places that its turns ended at, its head last; turns without an end; nobody's workspaces."""
    store = SqliteStore(data_dir / "journal.db")
    await store.open()
    try:
        journal: dict[str, list[tuple[Said, ...]]] = {}
        cursor, more = "", True
        # Empty ones are removed by the next core that starts.
        nobodys = {str(path) for path in (data_dir / "workspaces").iterdir() if any(path.iterdir())}
        while more:
            page = await store.list(DEFAULT_TENANT, after=cursor, limit=100)
            for stored in page.conversations:
                nobodys.discard(stored.workspace)
                turns = await store.turns(DEFAULT_TENANT, stored.conversation_id, limit=1000)
                heads = [*dict.fromkeys(turn.head for turn in turns if turn.head), stored.head]
                journal[stored.conversation_id] = [await _path(store, head) for head in heads]
            cursor, more = page.next_cursor, bool(page.next_cursor)
        open_turns = [f"a turn without an end: {turn}" for turn in await store.interrupted_turns()]
    finally:
        await store.aclose()
    return journal, open_turns, [f"a workspace of nobody's: {path}" for path in sorted(nobodys)]


async def _path(store: SqliteStore, head: str) -> tuple[Said, ...]:
    nodes = await store.messages(DEFAULT_TENANT, head) if head else ()
    return spoken((node.message.role, node.message.text) for node in nodes)


def left_behind(directory: Path) -> list[str]:
    """What should not be there once all has ended."""
    data_dir = directory / "data"
    found = [f"a worker's directory: {path.name}" for path in (data_dir / "workers").iterdir()]
    found += [f"a socket: {path}" for path in data_dir.rglob("*") if path.is_socket()]
    for log in (directory / "core.log", directory / "edge.log"):
        found += [f"{log.name}: {line}" for line in failures(log)]
    return found


def answered(crowd: Sequence[Talker]) -> int:
    """How many turns were acknowledged so far."""
    return sum(talker.answered for talker in crowd)


def _say(number: int, kills: int, kind: str, crowd: Sequence[Talker], found: Found) -> None:
    orphans = f", {len(found.orphans)} orphans" if found.orphans else ""
    sys.stderr.write(f"kill {number} of {kills}: {kind}; {answered(crowd)} turns acknowledged{orphans}\n")


def main() -> int:
    """Run and print; 1 where something happened that must not."""
    parser = argparse.ArgumentParser(description="Kill at random under load, and check what everybody saw.")
    parser.add_argument("--kills", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the order and the moments")
    parser.add_argument("--talkers", type=int, default=len(WAYS), help=f"clients at once ({len(WAYS)})")
    parser.add_argument("--pool-size", type=int, default=3, help="processes (3)")
    parser.add_argument("--keep", type=Path, help="a directory for data and logs, kept; default: a temporary one")
    options = parser.parse_args()
    sys.stderr.write(f"seed {options.seed}\n")
    with tempfile.TemporaryDirectory(prefix="hotseat-kill-run-") as scratch:
        directory = options.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        found = asyncio.run(
            run(
                directory,
                kills=options.kills,
                seed=options.seed,
                talkers=options.talkers,
                pool_size=options.pool_size,
            )
        )
    sys.stdout.write(f"{json.dumps(asdict(found), indent=2)}\n")
    return 0 if found.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())

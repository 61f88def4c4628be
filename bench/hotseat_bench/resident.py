"""What processes take of the machine's memory, as the kernel counts it."""

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Resident:
    """Bytes by part of the house: what several processes share is counted once, in shares (PSS)."""

    core: int
    edge: int
    workers: int
    worker_count: int  # processes, the workers' own children included

    @property
    def total(self) -> int:
        """All of it."""
        return self.core + self.edge + self.workers


def resident() -> Resident:
    """What the servers that this process has started take now, with all that they have started."""
    core = edge = workers = count = 0
    for server in psutil.Process().children():
        command = " ".join(_command(server))
        if "hotseat_edge" in command:
            edge += pss(server.pid)
        elif "hotseat_core" in command:
            core += pss(server.pid)
            sizes = [pss(child.pid) for child in _children(server)]
            workers += sum(sizes)
            count += len(sizes)
    return Resident(core, edge, workers, count)


def pss(pid: int) -> int:
    """The process's proportional share of memory in bytes; 0: it has ended.

    The core closes its memory to other processes: to whom is not root it shows its resident size alone, which is more.
    """
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except PermissionError:
        return int(psutil.Process(pid).memory_info().rss)
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []

"""What `hotseat top` knows of the pool, and how that reads. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from hotseat import pb

from hotseat_cli.operate import humane, records, tables
from hotseat_cli.operate.pooling import facts


@dataclass
class Picture:
    """The pool as it was last told; `lost` says why nothing has been told since."""

    target: str
    pool: pb.Pool = field(default_factory=pb.Pool)
    workers: dict[str, pb.Worker] = field(default_factory=dict)
    lost: str = ""
    lost_at: float = 0.0

    def take(self, update: pb.WatchPoolResponse, *, is_first: bool) -> None:
        """Note what changed; the first of a watch is everything there is."""
        self.lost = ""
        if is_first:
            self.workers.clear()
        if update.HasField("pool"):
            self.pool = update.pool
        for worker in update.workers:
            if worker.state == pb.Worker.STATE_STOPPED:
                self.workers.pop(worker.worker_id, None)
            else:
                self.workers[worker.worker_id] = worker

    def measure(self, measured: Iterable[pb.Worker]) -> None:
        """Note how much memory processes use; of those that are known, and nothing else of them."""
        for worker in measured:
            if known := self.workers.get(worker.worker_id):
                known.memory_bytes = worker.memory_bytes

    def lose(self, reason: str, now: float) -> None:
        """The core has gone away; what is known stays."""
        if not self.lost:
            self.lost_at = now
        self.lost = reason

    def head(self, now: float) -> list[str]:
        """The lines above the table."""
        told = dict(facts(self.pool, now))
        memory = humane.size(sum(worker.memory_bytes for worker in self.workers.values()))
        lines = [
            f"{records.pool_state(self.pool)}  {self.target}  up {told['Up']}",
            f"Processes  {told['Processes']}, {memory}",
            f"Queue      {told['Queue']}",
            f"Turns      {told['Turns']}",
        ]
        if self.pool.HasField("start_retry_time"):
            lines.append(f"Starts     {told['Starts']}")
        if self.lost:
            lines.append(f"No news for {humane.duration(now - self.lost_at)}: {self.lost}; trying again")
        return lines

    def table(self, now: float) -> tables.Table:
        """The processes."""
        return tables.workers(tables.in_order(self.workers.values()), now)

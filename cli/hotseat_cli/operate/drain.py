"""What `hotseat pool drain` does: tells the pool, and waits where it is asked to."""

import asyncio
import sys
from contextlib import aclosing

import click
from hotseat import pb

from hotseat_cli.failure import CommandFailed
from hotseat_cli.operate import humane, records
from hotseat_cli.operate.pooling import told
from hotseat_cli.operate.session import INTERRUPTED, Session

NOT_IN_TIME = 3
_LOOK_S = 0.2  # how often progress is told at most
_STAYS = "the pool goes on draining; `hotseat pool resume` takes turns again"


async def drain(session: Session, *, grace_s: float | None, wait: bool, timeout_s: float | None) -> int:
    """Let the pool drain; the exit code."""
    pool = await session.client.drain_pool(grace_s=grace_s)
    if wait and pool.state != pb.Pool.STATE_DRAINED:
        progress = Progress()
        try:
            async with asyncio.timeout(timeout_s):
                pool = await _until_drained(session, progress)
        except TimeoutError:
            progress.end()
            session.output.note(f"hotseat: not drained within {humane.duration(timeout_s or 0)}; {_STAYS}")
            return NOT_IN_TIME
        except asyncio.CancelledError:  # Ctrl-C
            progress.end()
            session.output.note(f"hotseat: {_STAYS}")
            return INTERRUPTED
        finally:
            progress.end()
    told(session, pool)
    return 0


async def _until_drained(session: Session, progress: "Progress") -> pb.Pool:
    async with aclosing(session.client.watch_pool(min_interval_s=_LOOK_S)) as watch:
        async for update in watch:
            if not update.HasField("pool"):
                continue
            pool = update.pool
            if pool.state == pb.Pool.STATE_DRAINED:
                return pool
            if pool.state == pb.Pool.STATE_ACTIVE:
                raise CommandFailed("somebody resumed the pool while it drained; it takes turns again")
            progress.tell(f"{records.pool_state(pool)}: {_left(pool.stats)}")
    raise CommandFailed(f"the core at {session.target} stopped before it said that it was drained; its log says more")


def _left(stats: pb.PoolStats) -> str:
    runs = f"{humane.some(stats.running_workers, 'turn')} still {'runs' if stats.running_workers == 1 else 'run'}"
    return f"{runs}, {stats.queued_turns} still wait" if stats.queued_turns else runs


class Progress:
    """One line on standard error: rewritten on a terminal, repeated elsewhere when it changes."""

    def __init__(self) -> None:
        self._is_screen = sys.stderr.isatty()
        self._last = ""

    def tell(self, line: str) -> None:
        """Show how far it is."""
        if line == self._last:
            return
        self._last = line
        click.echo(f"\r\x1b[K{line}" if self._is_screen else line, err=True, nl=not self._is_screen)

    def end(self) -> None:
        """Leave the line."""
        if self._is_screen and self._last:
            click.echo("\r\x1b[K", err=True, nl=False)
        self._last = ""

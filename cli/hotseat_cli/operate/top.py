"""What `hotseat top` shows: the pool, live."""

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from hotseat import HotseatError, pb

from hotseat_cli.explain import cause
from hotseat_cli.failure import CommandFailed
from hotseat_cli.operate import records, tables
from hotseat_cli.operate.output import rich_table, state_style
from hotseat_cli.operate.picture import Picture
from hotseat_cli.operate.screen import Screen
from hotseat_cli.operate.session import MOST_ON_A_PAGE, Session, everything
from hotseat_cli.script import harmless

if TYPE_CHECKING:
    from rich.console import Console, Group

_TRY_AGAIN_S = 1.0
_MEASURE_S = 5.0  # a watch tells the memory of those that change; the others' grows, too


async def show(session: Session, *, once: bool, interval_s: float) -> None:
    """Draw the pool until the user leaves, or once."""
    picture = Picture(session.target, await session.client.get_pool())
    picture.take(pb.WatchPoolResponse(workers=await _workers(session)), is_first=True)
    if once:
        _print(session, picture)
        return
    console = session.output.console()
    if not session.output.is_screen or console.is_dumb_terminal:
        raise CommandFailed("top needs a terminal; use --once for one picture, or `hotseat pool watch`", 2)
    wake = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        following = [
            tasks.create_task(_follow(session, picture, wake, interval_s), name="follow the pool"),
            tasks.create_task(_measure(session, picture), name="measure the workers"),
        ]
        try:
            with Screen(console, wake.set) as screen:
                while not screen.left:
                    wake.clear()
                    screen.draw(_drawn(picture, console, session.now()))
                    with suppress(TimeoutError):
                        async with asyncio.timeout(interval_s):
                            await wake.wait()
        finally:
            for task in following:
                task.cancel()


async def _workers(session: Session) -> list[pb.Worker]:
    listed = everything(session.client.list_workers, "workers", page_size=MOST_ON_A_PAGE)
    return [worker async for worker in listed]


def _print(session: Session, picture: Picture) -> None:
    output, now = session.output, session.now()
    if output.as_json:
        found = tables.in_order(picture.workers.values())
        output.json({"pool": records.pool(picture.pool), "workers": [records.worker(worker) for worker in found]})
        return
    for line in picture.head(now):
        output.line(line)
    output.line()
    output.table(picture.table(now))


async def _follow(session: Session, picture: Picture, wake: asyncio.Event, interval_s: float) -> None:
    """Keep the picture true for ever, whatever becomes of the core."""
    while True:
        is_first = True
        reason = "the core has stopped"
        try:
            async with aclosing(session.client.watch_pool(min_interval_s=interval_s)) as watch:
                async for update in watch:
                    picture.take(update, is_first=is_first)
                    is_first = False
                    wake.set()
        except HotseatError as error:
            reason = cause(error)
        picture.lose(reason, session.now())
        wake.set()
        await asyncio.sleep(_TRY_AGAIN_S)


async def _measure(session: Session, picture: Picture) -> None:
    while True:
        await asyncio.sleep(_MEASURE_S)
        with suppress(HotseatError):  # whoever follows the pool says so
            picture.measure(await _workers(session))


def _drawn(picture: Picture, console: "Console", now: float) -> "Group":
    from rich.console import Group
    from rich.text import Text

    width, height = console.size
    lines = [Text(harmless(line), no_wrap=True, overflow="ellipsis") for line in picture.head(now)]
    state = records.pool_state(picture.pool)
    lines[0].stylize(state_style(state), 0, len(state))
    if picture.lost:
        lines[-1].stylize("bold red")
    table = picture.table(now)
    room = max(height - len(lines) - 4, 1)  # a blank line, the titles, what does not fit, and the keys
    hidden = len(table.rows) - room
    shown = tables.Table(table.columns, table.rows[:room])
    more = [Text(f"... and {hidden} more", style="dim")] if hidden > 0 else []
    return Group(*lines, Text(), rich_table(shown, width), *more, Text("q quits", style="dim"))

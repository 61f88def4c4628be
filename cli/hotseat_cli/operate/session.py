"""One run of an operator's command: a client, somewhere to print, and an exit code."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hotseat import Client, HotseatError

from hotseat_cli import settings
from hotseat_cli.connecting import connected
from hotseat_cli.explain import explain
from hotseat_cli.failure import CommandFailed, complain
from hotseat_cli.operate.output import Output
from hotseat_cli.options import Chosen, Work
from hotseat_cli.script import harmless

INTERRUPTED = 130
MOST_ON_A_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Session:
    """What a command works with."""

    client: Client
    output: Output
    target: str

    def explain(self, error: HotseatError) -> str:
        """Why the core said no, in one line."""
        return harmless(explain(error, self.target))

    @staticmethod
    def now() -> float:
        """Unix seconds."""
        return time.time()


def run_session(chosen: Chosen, work: Work) -> int:
    """Do the work; the exit code."""
    try:
        return asyncio.run(answer(chosen, work))
    except KeyboardInterrupt:
        return INTERRUPTED


async def answer(chosen: Chosen, work: Work) -> int:
    """Do the work with a client; what the core refuses ends in one line and an exit code."""
    try:
        values = settings.load({"HOTSEAT_CORE_TARGET": chosen.target}).values
    except settings.SettingsError as error:
        complain(str(error))
        return 2
    target = settings.core_target(values)
    output = Output(as_json=chosen.as_json, colour=not (chosen.no_color or values.get("NO_COLOR")))
    try:
        async with connected(values, tenant=chosen.tenant) as client:
            return await work(Session(client, output, target)) or 0
    except settings.SettingsError as error:
        complain(str(error))
        return 2
    except HotseatError as error:
        complain(harmless(explain(error, target)))
        return 1
    except CommandFailed as error:
        complain(harmless(str(error)))
        return error.exit_code


async def everything(fetch: Callable[..., Awaitable[Any]], items: str, **fields: Any) -> AsyncIterator[Any]:
    """Every item of a paged list, page after page, in the order of the list."""
    token = ""
    while True:
        page = await fetch(page_token=token, **fields)
        for item in getattr(page, items):
            yield item
        token = page.next_page_token
        if not token:
            return

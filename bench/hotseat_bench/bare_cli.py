"""Drives the claude CLI bare: the same argv, environment and profile as Hotseat's worker, and nothing around it."""

import asyncio
import json
import os
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from hotseat_core.worker.command import Upstream, build_argv, build_env
from hotseat_core.worker.opening import Opening
from hotseat_core.worker.profile import CLAUDE

_END_S = 5.0
_TURN_S = 60.0


class BareCli:
    """One process; a turn is one line in, and lines out until `result`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._input = process.stdin
        self._output = process.stdout

    def initialize(self) -> None:
        """Bind the process to a conversation; it is answered before the first turn's first token."""
        request = {"subtype": "initialize", "hooks": None, "systemPrompt": [""]}
        self._write({"type": "control_request", "request_id": "bench", "request": request})

    async def first_token(self, text: str) -> float:
        """Seconds from a turn's input to its first text, the turn read to its end."""
        begun = time.perf_counter()
        self._write(
            {
                "type": "user",
                "message": {"role": "user", "content": [{"type": "text", "text": text}]},
                "parent_tool_use_id": None,
                "uuid": str(uuid.uuid4()),
                "client_composed": True,
            }
        )
        first = 0.0
        async with asyncio.timeout(_TURN_S):
            while line := await self._output.readline():
                if not first and b'"text_delta"' in line:
                    first = time.perf_counter() - begun
                if line.startswith(b'{"type":"result"') or json.loads(line).get("type") == "result":
                    return first
        raise RuntimeError("the CLI ended in the middle of a turn")

    def _write(self, frame: dict[str, object]) -> None:
        self._input.write(json.dumps(frame).encode() + b"\n")

    async def close(self) -> None:
        """End it: end of input, then KILL."""
        self._input.close()
        try:
            async with asyncio.timeout(_END_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class BareClis:
    """Starts bare processes, each with a scratch directory of its own."""

    def __init__(self, cli_path: str, upstream_url: str, scratch: Path) -> None:
        self._cli_path = cli_path
        self._upstream = Upstream({"ANTHROPIC_API_KEY": "unused"}, upstream_url)
        self._scratch = scratch
        self._count = 0

    @asynccontextmanager
    async def start(self, opening: Opening | None = None) -> AsyncIterator[BareCli]:
        """A process, resumed with a history or not, ended on the way out."""
        self._count += 1
        home = self._scratch / f"bare-{self._count}"
        for name in ("home", "config", "tmp", "work"):
            (home / name).mkdir(parents=True)
        session_file = home / f"{opening.session_id}.jsonl" if opening is not None else None
        if opening is not None and session_file is not None:
            session_file.write_bytes(b"".join(opening.lines(datetime.now(UTC))))
        process = await asyncio.create_subprocess_exec(
            *build_argv(self._cli_path, CLAUDE, session_file=session_file),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=home / "work",
            env=build_env(os.environ, CLAUDE, self._upstream, home, {}),
            limit=1 << 25,
            start_new_session=True,
        )
        cli = BareCli(process)
        try:
            yield cli
        finally:
            await cli.close()

    async def cold(self, text: str, opening: Opening | None = None) -> float:
        """Seconds from nothing to the first text: spawned, or resumed with a history, bound and asked at once."""
        begun = time.perf_counter()
        async with self.start(opening) as cli:
            spawned = time.perf_counter() - begun
            cli.initialize()
            return spawned + await cli.first_token(text)

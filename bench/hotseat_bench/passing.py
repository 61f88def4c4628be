"""Servers for bench/proxy.py, each a process of its own: a provider, and two ways to stand in front of it.

python -m hotseat_bench.passing provider | ours URL DIRECTORY | aiohttp URL
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import cast

import aiohttp
from aiohttp import web
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.provider import parse_provider
from hotseat_core.upstream.proxy import proxying
from hotseat_serving.process import new_event_loop, settle_memory

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
PIECE = (
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
    b'{"type":"text_delta","text":"word "}}\n\n'
)
_HOP = {"host", "content-length", "connection", "transfer-encoding"}


class _Provider(asyncio.Protocol):
    """Answers with as many pieces as the body says, `count pause_ms`: at once, or one after each pause."""

    def __init__(self) -> None:
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, body = self._data.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        if not found or len(body) < size:
            return
        self._data = b""
        count, pause_ms = body.split()[:2]
        self._transport.write(HEAD)
        self._speak(int(count), int(pause_ms) / 1000)

    def _speak(self, left: int, pause_s: float) -> None:
        chunk = b"%x\r\n%b\r\n" % (len(PIECE), PIECE)
        if self._transport.is_closing():
            return
        self._transport.write(chunk if pause_s else chunk * left)
        left = left - 1 if pause_s else 0
        if left:
            asyncio.get_running_loop().call_later(pause_s, self._speak, left, pause_s)
        else:
            self._transport.write(b"0\r\n\r\n")


async def provider() -> None:
    """Serve the provider."""
    server = await asyncio.get_running_loop().create_server(_Provider, "127.0.0.1", 0)
    _say(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


async def ours(url: str, directory: str) -> None:
    """Serve the core's proxy, and say the socket and the token of one worker."""
    async with proxying(parse_provider(url), Credential("ANTHROPIC_API_KEY", "unused"), Path(directory), {}) as proxy:
        door = await proxy.open("bench")
        settle_memory()
        _say(door.upstream.socket, *door.upstream.credential.values())
        await asyncio.Event().wait()


async def with_aiohttp(url: str) -> None:
    """Serve what a careful day's work with aiohttp would be."""
    session = aiohttp.ClientSession(auto_decompress=False)

    async def pass_on(request: web.Request) -> web.StreamResponse:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        async with session.post(url + request.path_qs, data=await request.read(), headers=headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/messages", pass_on)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    socket = f"{tempfile.mkdtemp()}/s"
    await web.UnixSite(runner, socket).start()
    settle_memory()
    _say(socket, "unused")
    await asyncio.Event().wait()


def _say(*words: str) -> None:
    print(*words, flush=True)


def main(kind: str, *words: str) -> None:
    """Serve until killed."""
    serving = provider() if kind == "provider" else ours(*words) if kind == "ours" else with_aiohttp(*words)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serving)


if __name__ == "__main__":
    main(*sys.argv[1:])

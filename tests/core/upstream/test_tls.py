"""The way to a provider behind TLS, and behind an HTTP proxy."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import NoWayError
from hotseat_core.upstream.provider import parse_provider
from hotseat_core.upstream.proxy import proxying

from tests.core.upstream import certificates
from tests.core.upstream.conftest import KEY, Client
from tests.fakes.provider import FakeProvider, Got, Line, chunked, providing, whole


@asynccontextmanager
async def house(provider: FakeProvider, directory: Path, **environment: str) -> AsyncIterator[Client]:
    """A worker's connection to the proxy in front of a provider that speaks TLS."""
    there = parse_provider(f"https://127.0.0.1:{provider.port}")
    async with (
        asyncio.timeout(30),
        proxying(there, Credential("ANTHROPIC_API_KEY", KEY), directory, environment) as proxy,
    ):
        door = await proxy.open("w")
        reader, writer = await asyncio.open_unix_connection(door.upstream.socket)
        client = Client(reader, writer, door.upstream.credential["ANTHROPIC_API_KEY"])
        try:
            yield client
        finally:
            client.hang_up()
            door.close()


async def test_a_trusted_provider_is_reached_through_tls(tmp_path: Path) -> None:
    context, authority = certificates.make(tmp_path)
    async with providing(context) as provider, house(provider, tmp_path, NODE_EXTRA_CA_CERTS=str(authority)) as client:
        for _ in range(2):
            client.ask(b"x" * 300_000)
            assert (await client.answer())[0] == 200
        assert [got.connection for got in provider.got] == [1, 1]
        assert provider.got[0].all("x-api-key") == [KEY]
        assert provider.got[0].body == b"x" * 300_000


async def test_a_stream_that_breaks_off_behind_tls_breaks_off(tmp_path: Path) -> None:
    async def breaking(line: Line, _got: Got) -> None:
        await line.send(chunked(b"abc").removesuffix(b"0\r\n\r\n"))
        line.reset()

    context, authority = certificates.make(tmp_path)
    async with providing(context) as provider, house(provider, tmp_path, NODE_EXTRA_CA_CERTS=str(authority)) as client:
        provider.answer = breaking
        client.ask()
        assert not (await client.ended()).endswith(b"0\r\n\r\n")


async def test_a_provider_that_nobody_vouches_for_never_sees_the_key(tmp_path: Path) -> None:
    context, _ = certificates.make(tmp_path)
    async with providing(context) as provider, house(provider, tmp_path) as client:
        client.ask()
        status, _, body = await client.answer()
        assert status == 502
        assert b"certificate can't be trusted" in body
        assert provider.got == []


async def test_certificates_that_can_not_be_read_are_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "nonsense").write_text("x")
    for name in ("nonsense", "missing"):
        environment = {"NODE_EXTRA_CA_CERTS": str(tmp_path / name)}
        with pytest.raises(NoWayError, match=f"NODE_EXTRA_CA_CERTS=.*{name} can't be used"):
            async with proxying(parse_provider(""), Credential("ANTHROPIC_API_KEY", KEY), tmp_path, environment):
                pass


@asynccontextmanager
async def http_proxy(answer: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """An HTTP proxy that answers so, and then passes everything on where it has said 200."""
    heads: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer)
        if b" 200 " not in answer:
            writer.close()
            return
        host, _, port = heads[-1].split()[1].decode().rpartition(":")
        back, forth = await asyncio.open_connection(host, int(port))
        writers.append(forth)
        tasks.update({asyncio.create_task(copy(reader, forth)), asyncio.create_task(copy(back, writer))})

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*tasks, *(writer.wait_closed() for writer in writers), return_exceptions=True)


async def test_tls_goes_through_a_tunnel_of_an_http_proxy(tmp_path: Path) -> None:
    context, authority = certificates.make(tmp_path)
    async with (
        providing(context) as provider,
        http_proxy(b"HTTP/1.1 200 Connection established\r\n\r\n") as (port, heads),
        house(
            provider,
            tmp_path,
            NODE_EXTRA_CA_CERTS=str(authority),
            HTTPS_PROXY=f"http://user:secret@127.0.0.1:{port}",
        ) as client,
    ):
        provider.answer = lambda line, _got: line.send(whole(b"through"))
        client.ask()
        assert (await client.answer())[2] == b"through"
        (head,) = heads
        assert head.startswith(f"CONNECT 127.0.0.1:{provider.port} HTTP/1.1\r\n".encode())
        assert b"proxy-authorization: Basic " in head
        assert b"proxy-authorization" not in provider.got[0].head
        assert KEY.encode() not in head


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"the HTTP proxy answered 407"),
        (b"SSH-2.0-x\r\n\r\n", b"the HTTP proxy answered"),
        (b"", b"the HTTP proxy hung up"),
        (b"x" * 20_000, b"the HTTP proxy's answer is no HTTP"),
    ],
)
async def test_an_http_proxy_that_refuses_is_said_so(tmp_path: Path, answer: bytes, why: bytes) -> None:
    context, _ = certificates.make(tmp_path)
    async with (
        providing(context) as provider,
        http_proxy(answer) as (port, _),
        house(provider, tmp_path, HTTPS_PROXY=f"127.0.0.1:{port}") as client,
    ):
        client.ask()
        status, _, body = await client.answer()
        assert status == 502
        assert why in body

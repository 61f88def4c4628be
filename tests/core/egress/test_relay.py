"""The egress proxy on real sockets; names are looked up in a table."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hotseat_core.egress import relay as relay_module
from hotseat_core.egress.egress import Egress
from hotseat_core.egress.relay import Relay
from hotseat_core.egress.rules import parse_allowed

Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LIMIT_S = 20.0
HERE = ["127.0.0.1"]


@contextlib.asynccontextmanager
async def echoing() -> AsyncIterator[int]:
    """A server that says everything back, and its port."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@dataclass
class Relaying:
    """A relay that serves."""

    relay: Relay
    address: tuple[str, int]
    looked_up: list[str]

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[Talk]:
        """A client's connection to it."""
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            async with asyncio.timeout(LIMIT_S):
                yield reader, writer
        finally:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def relaying(port: int, *answers: list[str], networks: str = "127.0.0.0/8") -> AsyncIterator[Relaying]:
    """One that lets listed.test through at this port. answers: what its name leads to, the last one for ever."""
    looked_up: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        looked_up.append(f"{host}:{port}")
        if not answers:
            raise socket.gaierror("no such name")
        return answers[min(len(looked_up), len(answers)) - 1]

    relay = Relay("w1", parse_allowed(f"listed.test:{port}", networks), resolve)
    listener = socket.create_server(("127.0.0.1", 0))
    await relay.serve(listener)
    try:
        yield Relaying(relay, listener.getsockname(), looked_up)
    finally:
        await relay.aclose()


async def ask(talk: Talk, target: str) -> str:
    """What a request for a tunnel is answered."""
    talk[1].write(f"CONNECT {target} HTTP/1.1\r\n\r\n".encode())
    return (await talk[0].readuntil(b"\r\n\r\n")).decode()


async def test_what_is_listed_is_connected_and_all_passes_both_ways_to_its_end() -> None:
    said = bytes(range(256)) * 8000
    async with echoing() as port, relaying(port, HERE) as served, served.connected() as talk:
        assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 200 ")
        sending = asyncio.create_task(send(talk[1], said))
        assert await talk[0].read(-1) == said
        await sending


async def send(writer: asyncio.StreamWriter, said: bytes) -> None:
    writer.write(said)
    await writer.drain()
    writer.write_eof()


async def test_what_comes_with_the_request_is_passed_on() -> None:
    async with echoing() as port, relaying(port, HERE) as served, served.connected() as talk:
        talk[1].write(f"CONNECT listed.test:{port} HTTP/1.1\r\n\r\nhello".encode())
        talk[1].write_eof()
        assert await talk[0].read(-1) == b"HTTP/1.1 200 Connection established\r\n\r\nhello"


async def test_a_plain_request_reaches_its_host() -> None:
    async with echoing() as port, relaying(port, HERE) as served, served.connected() as talk:
        talk[1].write(f"GET http://listed.test:{port}/a HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        talk[1].write_eof()
        heard = await talk[0].read(-1)
        assert heard == f"GET /a HTTP/1.1\r\nhost: listed.test:{port}\r\nconnection: close\r\n\r\n".encode()


async def test_what_is_not_listed_is_refused_unseen_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async with echoing() as port, relaying(port, HERE) as served:
        for _ in range(3):
            async with served.connected() as talk:
                assert (await ask(talk, f"other.test:{port}")).startswith("HTTP/1.1 403 ")
                assert b"HOTSEAT_EGRESS_ALLOW" in await talk[0].read(-1)
    assert served.looked_up == []
    noted = [record.__dict__ for record in caplog.records if record.message == "an agent was kept from a host"]
    assert [(note["worker"], note["host"]) for note in noted] == [("w1", f"other.test:{port}")]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "10.0.0.8", "::ffff:127.0.0.1"])
async def test_a_listed_name_that_leads_to_this_machine_or_its_neighbours_is_refused(address: str) -> None:
    async with echoing() as port, relaying(port, [address], networks="") as served, served.connected() as talk:
        assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 403 ")
        assert b"no address of the internet" in await talk[0].read(-1)


async def test_a_name_is_looked_up_once_and_can_t_be_rebound_meanwhile() -> None:
    """Were it looked up for the check and again for the connection, the second answer would count."""
    answers = (HERE, ["127.0.0.99"])
    async with echoing() as port, relaying(port, *answers, networks="127.0.0.1/32") as served:
        async with served.connected() as talk:
            assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 200 ")
        assert served.looked_up == [f"listed.test:{port}"]


async def test_an_address_that_is_not_let_through_is_left_out_beside_one_that_is() -> None:
    async with echoing() as port, relaying(port, ["10.0.0.8", *HERE]) as served, served.connected() as talk:
        assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 200 ")


async def test_a_name_that_leads_nowhere_and_a_host_that_is_not_there_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    for answers, told in (((), b"leads to no address"), ((HERE,), b"could not be reached")):
        async with relaying(port, *answers) as served, served.connected() as talk:
            assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 502 ")
            assert told in await talk[0].read(-1)


async def test_an_endless_head_is_refused() -> None:
    async with relaying(443) as served, served.connected() as talk:
        talk[1].write(b"CONNECT " + b"x" * 100_000)
        assert (await talk[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_too_many_connections_are_told_so_and_far_too_many_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "_MOST_CONNECTIONS", 2)
    monkeypatch.setattr(relay_module, "_CLOSE_TIMEOUT_S", LIMIT_S)  # who is told keeps its connection meanwhile
    async with echoing() as port, relaying(port, HERE) as served, contextlib.AsyncExitStack() as stack:
        for _ in range(2):
            talk = await stack.enter_async_context(served.connected())
            assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 200 ")
        for _ in range(2):
            reader, _ = await stack.enter_async_context(served.connected())
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
        for _ in range(3):
            reader, _ = await stack.enter_async_context(served.connected())
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read(-1) == b""


async def test_a_relay_may_be_closed_while_others_end() -> None:
    async with echoing() as port, contextlib.AsyncExitStack() as stack:
        first, second = [await stack.enter_async_context(relaying(port, HERE)) for _ in range(2)]
        talk = await stack.enter_async_context(first.connected())
        assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 200 ")
        async with Egress(parse_allowed("", "")) as egress:
            egress._relays = {"w1": first.relay, "w2": second.relay}
            asyncio.get_running_loop().call_soon(egress.close, "w2")


async def test_with_the_relay_end_its_connections() -> None:
    async with echoing() as port, relaying(port, HERE) as served:
        async with served.connected() as talk, served.connected() as silent:
            assert (await ask(talk, f"listed.test:{port}")).startswith("HTTP/1.1 200 ")
            await served.relay.aclose()
            for reader, _ in (talk, silent):
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read(-1) == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*served.address)

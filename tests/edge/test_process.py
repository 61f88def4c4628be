"""The edge as a process: one line when it serves, a clean end, plain words about its settings."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import trustme
from cryptography import x509
from hotseat_edge import settings as edge_settings
from hotseat_edge.settings import BadSetting, Settings

from tests.fakes.core import FakeCore, FakeTurn, serving

HELLO = {"model": "claude", "messages": [{"role": "user", "content": "hi"}]}


def environment(**given: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    return kept | {"PORT": "0", "HOTSEAT_CONFIG": os.devnull} | given


@asynccontextmanager
async def running(*, pass_fds: tuple[int, ...] = (), **given: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hotseat_edge",
        env=environment(**given),
        pass_fds=pass_fds,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def url_of(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    assert line.startswith("hotseat edge listening on http://127.0.0.1:")
    return line.split()[-1]


async def ended(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(10):
        return await process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_and_ends_well_when_told_to(number: signal.Signals) -> None:
    async with serving(FakeCore()) as target, running(HOTSEAT_CORE_TARGET=target, HOTSEAT_DEMO="1") as process:
        url = await url_of(process)
        async with httpx.AsyncClient(trust_env=False) as http:
            health = (await http.get(f"{url}/health")).json()
            answer = await http.post(f"{url}/v1/chat/completions", json=HELLO)
        process.send_signal(number)
        assert await ended(process) == 0

    assert (health["status"], health["demo"]) == ("ok", True)
    assert answer.json()["choices"][0]["message"]["content"] == "You said: hi"


async def test_the_first_signal_lets_an_answer_end_and_the_second_does_not() -> None:
    started = asyncio.Event()

    async def hang(turn: FakeTurn) -> None:
        await turn.started()
        started.set()
        await asyncio.Event().wait()

    async with serving(FakeCore(hang)) as target, running(HOTSEAT_CORE_TARGET=target) as process:
        url = await url_of(process)
        async with httpx.AsyncClient(trust_env=False) as http:
            asking = asyncio.create_task(http.post(f"{url}/v1/chat/completions", json=HELLO, timeout=10))
            await started.wait()
            process.terminate()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await process.wait()
            process.terminate()
            assert await ended(process) == 128 + signal.SIGTERM
            with pytest.raises(httpx.TransportError):
                await asking


async def test_it_ends_when_its_parent_s_pipe_closes() -> None:
    reading, writing = os.pipe()
    async with running(HOTSEAT_PARENT_FD=str(reading), pass_fds=(reading,)) as process:
        os.close(reading)
        await url_of(process)
        os.close(writing)
        assert await ended(process) == 0


async def test_whom_it_lets_in_changes_while_it_serves(tmp_path: Path) -> None:
    file = tmp_path / "hotseat.toml"
    file.write_text("")
    asked = {"Host": "hotseat.example", "Origin": "https://app.example"}
    async with (
        serving(FakeCore()) as target,
        running(HOTSEAT_CORE_TARGET=target, HOTSEAT_CONFIG=str(file)) as process,
        httpx.AsyncClient(base_url=await url_of(process), trust_env=False) as http,
    ):
        assert (await http.get("/livez", headers=asked)).status_code == 403
        file.write_text('[edge]\nallowed_hosts = ["hotseat.example"]\ncors_origins = ["https://app.example"]\n')
        process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(20):
            while (await http.get("/livez", headers=asked)).status_code != 200:  # noqa: ASYNC110 - its log alone says it
                await asyncio.sleep(0.05)
        file.write_text("[edge]\nmax_connections = 0\n")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        async with asyncio.timeout(20):
            while "not reloaded" not in (line := (await process.stderr.readline()).decode()):
                assert line, "it ended instead"
        assert f"{file}:2: max_connections in [edge] is 0, but takes a whole number, 1 or more" in line
        assert (await http.get("/livez", headers=asked)).status_code == 200


async def test_a_renewed_certificate_is_shown_without_a_restart(tmp_path: Path) -> None:
    authority = trustme.CA()
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def renew() -> str:
        """A new one's serial number."""
        issued = authority.issue_cert("localhost")
        key.write_bytes(issued.private_key_pem.bytes())
        cert.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        return f"{x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes()).serial_number:X}"

    first = renew()
    file = tmp_path / "hotseat.toml"
    file.write_text(f'[edge]\ntls_cert = "{cert}"\ntls_key = "{key}"\n')
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async def shown(port: int) -> str:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="localhost")
        found = writer.get_extra_info("peercert")["serialNumber"]
        writer.close()
        return str(found).lstrip("0")

    async with serving(FakeCore()) as target, running(HOTSEAT_CORE_TARGET=target, HOTSEAT_CONFIG=str(file)) as process:
        assert process.stdout is not None
        port = int((await process.stdout.readline()).decode().rpartition(":")[2])
        assert await shown(port) == first
        second = renew()
        process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(20):
            while await shown(port) != second:  # noqa: ASYNC110 - its log alone says it
                await asyncio.sleep(0.05)
        key.write_text("no key")
        process.send_signal(signal.SIGHUP)
        assert process.stderr is not None
        async with asyncio.timeout(20):
            while "stays as it was" not in (line := (await process.stderr.readline()).decode()):
                assert line, "it ended instead"
        assert await shown(port) == second


async def test_a_bad_setting_is_one_line_and_exit_2() -> None:
    async with running(PORT="many") as process:
        _, said = await process.communicate()
    assert process.returncode == 2
    assert said.decode() == "hotseat edge: PORT='many': Expected `int`, got `str`\n"


async def test_a_certificate_that_is_not_there_is_one_line_and_exit_2(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    async with running(PORT="0", HOTSEAT_TLS_CERT=missing, HOTSEAT_TLS_KEY=missing) as process:
        _, said = await process.communicate()
    assert (process.returncode, said.decode().count("\n")) == (2, 1)
    assert said.decode().startswith("hotseat edge: HOTSEAT_TLS_CERT")


async def test_a_port_that_is_taken_is_one_line_and_exit_1() -> None:
    server = await asyncio.start_server(lambda _, __: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(PORT=str(port)) as process:
        _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().splitlines() == [
        f"hotseat edge: cannot listen on 127.0.0.1:{port}: address already in use; choose another PORT"
    ]


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ({}, "127.0.0.1:50051"),
        ({"HOTSEAT_CORE_PORT": "7", "HOTSEAT_CORE_HOST": "core"}, "core:7"),
        ({"HOTSEAT_CORE_SOCKET": "/run/core.sock", "HOTSEAT_CORE_PORT": "7"}, "unix:/run/core.sock"),
        ({"HOTSEAT_CORE_TARGET": "dns:core:9", "HOTSEAT_CORE_SOCKET": "/run/core.sock"}, "dns:core:9"),
        ({"HOTSEAT_CORE_SOCKET": " ", "HOTSEAT_CORE_TARGET": ""}, "127.0.0.1:50051"),
    ],
)
def test_where_the_core_is(given: dict[str, str], target: str) -> None:
    assert edge_settings.load(given).target == target


def test_settings_are_read_by_name_and_others_left_alone() -> None:
    given = {"PORT": "0", "HOTSEAT_HOST": "::1", "HOTSEAT_DEMO": "0", "HOTSEAT_LOG_LEVEL": "DEBUG", "OTHER": "x"}
    assert edge_settings.load(given) == Settings(port=0, host="::1", demo=False, log_level="debug")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("HOTSEAT_DEMO", "maybe"),
        ("HOTSEAT_LOG_LEVEL", "loud"),
        ("HOTSEAT_PARENT_FD", "x"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}='{value}': "):
        edge_settings.load({name: value})

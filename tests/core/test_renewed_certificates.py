"""Certificates that change while a core and an edge serve."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from hotseat_core.listening import CannotListenError
from hotseat_core.server import serve
from hotseat_core.settings import CoreSettings
from hotseat_core.worker.sandboxing import Wish
from hotseat_edge.app import serve as serve_edge
from hotseat_edge.settings import BadSetting, Settings
from hotseat_edge.tls import server_context
from hotseat_serving.renewed import Renewed

from tests.core.conftest import MakeCli


class Files:
    """A certificate, its key and the CA that clients show one of, which change."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self.ca, self.others = trustme.CA(), trustme.CA()
        self.cert, self.key, self.client_ca = (directory / name for name in ("cert.pem", "key.pem", "clients.pem"))
        self.admit(self.ca)
        self.issue()

    def issue(self) -> None:
        """Another certificate, and its key."""
        issued = self.ca.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(str(self.key))
        issued.cert_chain_pems[0].write_to_path(str(self.cert))

    def admit(self, authority: trustme.CA) -> None:
        """Let the clients of this CA in, and no others."""
        authority.cert_pem.write_to_path(str(self.client_ca))

    @property
    def paths(self) -> dict[str, Any]:
        return {"tls_cert": str(self.cert), "tls_key": str(self.key), "tls_client_ca": str(self.client_ca)}

    async def shown(self, port: int, authority: trustme.CA) -> bytes:
        """The certificate that a server shows to a client of this CA. Raises OSError where the client is not let in."""
        context = ssl.create_default_context(cadata=self.ca.cert_pem.bytes().decode())
        context.set_alpn_protocols(["h2", "http/1.1"])
        authority.issue_cert("client.example").configure_cert(context)
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            try:
                # A client hears that it was refused when it reads: its own part of the handshake was over before.
                writer.write(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                assert await reader.read(1)
                found = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                writer.transport.abort()
        assert isinstance(found, bytes)
        return found

    async def check(self, port: int) -> None:
        """What a server does while its files change."""
        first = await self.shown(port, self.ca)
        self.issue()
        second = await self.shown(port, self.ca)
        assert second != first
        kept = self.key.read_bytes()
        for broken in (b"", b"no key", self.ca.issue_cert("127.0.0.1").private_key_pem.bytes()):
            self.key.write_bytes(broken)
            assert await self.shown(port, self.ca) == second
        self.key.unlink()
        assert await self.shown(port, self.ca) == second
        self.key.write_bytes(kept)
        self.admit(self.others)
        assert await self.shown(port, self.others) == second
        with pytest.raises((OSError, AssertionError)):
            await self.shown(port, self.ca)


def core_settings(cli: Path, directory: Path, files: Files) -> CoreSettings:
    """Of a core that talks TLS with these files, and has no process ahead of need."""
    return CoreSettings(
        port=0,
        data_dir=str(directory / "data"),
        cli_path=str(cli),
        credential={"ANTHROPIC_API_KEY": "sk-secret"},
        sandbox=Wish.OFF,
        warm_workers=0,
        drain_timeout_ms=50,
        **files.paths,
    )


async def test_both_servers_go_by_certificates_as_they_are_when_a_client_connects(
    make_cli: MakeCli, tmp_path: Path
) -> None:
    of_core, of_edge = Files(tmp_path / "core"), Files(tmp_path / "edge")
    async with serve(core_settings(make_cli(), tmp_path, of_core)) as core:
        await of_core.check(int(core.target.rpartition(":")[2]))
        edge = Settings(port=0, core_target=core.target, **of_edge.paths)
        async with serve_edge(edge) as url:
            await of_edge.check(int(url.rpartition(":")[2]))


async def test_an_edge_shows_the_core_its_certificate_as_it_is_with_each_call(
    make_cli: MakeCli, tmp_path: Path
) -> None:
    of_core, of_edge = Files(tmp_path / "core"), Files(tmp_path / "edge")
    of_core.admit(of_edge.others)  # and so nobody with a certificate of the edge's present CA
    of_core.ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with serve(core_settings(make_cli(), tmp_path, of_core)) as core:
        edge = Settings(
            port=0,
            core_target=core.target,
            core_wait_s=0.1,
            core_ca=str(tmp_path / "ca.pem"),
            core_client_cert=str(of_edge.cert),
            core_client_key=str(of_edge.key),
        )
        async with serve_edge(edge) as url, httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
            assert (await http.get("/v1/models")).status_code == 503
            of_edge.ca = of_edge.others
            of_edge.issue()
            assert (await http.get("/v1/models")).status_code == 200
            of_edge.key.write_text("no key")  # what can't be used changes nothing
            assert (await http.get("/v1/models")).status_code == 200
            of_core.admit(of_core.ca)
            of_edge.ca = of_core.ca
            of_edge.issue()
            chat = {"model": "claude:c", "stream": True, "messages": [{"role": "user", "content": "hang"}]}
            async with http.stream("POST", "/v1/chat/completions", json=chat) as answer:
                assert answer.status_code == 200
                lines = answer.aiter_lines()
                await anext(lines)
                of_edge.issue()  # in the middle of an answer
                assert (await http.post("/conversations/c/interrupt")).status_code == 200
                assert '"turn_interrupted"' in [line async for line in lines if line][-1]


async def test_files_that_are_of_no_use_at_the_start_are_named(make_cli: MakeCli, tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.key.write_text("no key")
    with pytest.raises(BadSetting, match="HOTSEAT_TLS_CERT"):
        server_context(Settings(**files.paths))
    settings = CoreSettings(
        port=0,
        data_dir=str(tmp_path / "data"),
        cli_path=str(make_cli()),
        credential={"ANTHROPIC_API_KEY": "sk-secret"},
        sandbox=Wish.OFF,
        warm_workers=0,
        **files.paths,
    )
    with pytest.raises(CannotListenError, match="HOTSEAT_CORE_TLS_CERT"):
        async with serve(settings):
            pass


def test_what_can_t_be_used_is_said_once_and_what_changes_is_read_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "number"
    file.write_text("1")
    reads: list[str] = []

    def read() -> int:
        reads.append(file.read_text())
        return int(reads[-1])

    found = Renewed([str(file), ""], read, ValueError)
    assert [found.current(), found.current()] == [1, 1]
    file.write_text("none")
    assert [found.current(), found.current()] == [1, 1]
    file.write_text("12")
    assert [found.current(), found.current()] == [12, 12]
    assert reads == ["1", "none", "12"]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        "changed files can't be used; those from before still are"
    ]

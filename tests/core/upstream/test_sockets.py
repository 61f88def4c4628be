"""Where the workers' sockets are."""

import asyncio
import os
import tempfile
from pathlib import Path

import pytest
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.given import NoWayError
from hotseat_core.upstream.provider import parse_provider
from hotseat_core.upstream.proxy import proxying, sockets_directory

PROVIDER = parse_provider("http://127.0.0.1:9")
CREDENTIAL = Credential("ANTHROPIC_API_KEY", "k")


async def test_a_long_data_directory_has_its_sockets_elsewhere(tmp_path: Path) -> None:
    data = tmp_path / ("d" * 120)
    elsewhere = sockets_directory(data)
    assert elsewhere.parent == Path(tempfile.gettempdir())
    assert sockets_directory(tmp_path / ("e" * 120)) != elsewhere
    async with proxying(PROVIDER, CREDENTIAL, data, {}) as proxy:
        door = await proxy.open("0123456789ab")
        assert Path(door.upstream.socket).parent == elsewhere
        assert elsewhere.stat().st_mode & 0o777 == 0o700
        reader, writer = await asyncio.open_unix_connection(door.upstream.socket)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 401 ")
        writer.close()
        await writer.wait_closed()
        door.close()
    assert not elsewhere.exists()


async def test_what_a_killed_core_has_left_is_removed(tmp_path: Path) -> None:
    left = sockets_directory(tmp_path)
    left.mkdir()
    (left / "old.sock").touch()
    async with proxying(PROVIDER, CREDENTIAL, tmp_path, {}):
        assert list(left.iterdir()) == []


async def test_a_place_that_is_somebody_else_s_is_not_used(tmp_path: Path) -> None:
    os.symlink("/", sockets_directory(tmp_path))
    with pytest.raises(NoWayError, match="is somebody else's"):
        async with proxying(PROVIDER, CREDENTIAL, tmp_path, {}):
            pass


async def test_a_directory_that_can_not_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NoWayError, match="can't be made for the workers' sockets"):
        async with proxying(PROVIDER, CREDENTIAL, tmp_path / "file", {}):
            pass

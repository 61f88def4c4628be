"""Sends rows of the table to an edge, and compares what it answers."""

import asyncio
import json
from typing import Any
from urllib.parse import urlsplit

from tests.bad_inputs.table import HttpRow
from tests.e2e.house import House

INSIDE = ("Traceback", "hotseat_edge", "msgspec", "aiohttp", "0x7f")  # what no client needs to know of


async def exchange(house: House, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """The status, headers and body of the answer to these bytes."""
    address = urlsplit(house.edge.address)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(sent)
        async with asyncio.timeout(20):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
    finally:
        writer.transport.abort()
    return int(lines[0].split(" ")[1]), headers, body


async def check(house: House, row: HttpRow) -> None:
    """Send the row, and compare the answer."""
    status, headers, body = await exchange(house, row.request)
    error: dict[str, Any] = json.loads(body).get("error", {}) if body else {}
    found = (status, error.get("code") or "", error.get("param"), headers.get("x-should-retry"))
    assert found == (row.status, row.code, row.param, row.retry), body[:300]
    assert {name: headers.get(name.lower()) for name in row.has} == row.has
    assert headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"].startswith("application/json")
    if row.code:
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        assert not [word for word in INSIDE if word in body.decode()]
    if row.status == 429:
        assert int(headers["retry-after"]) >= 1

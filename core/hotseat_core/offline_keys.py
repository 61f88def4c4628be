"""`python -m hotseat_core.offline_keys METHOD DIRECTORY`: KeyService on the file itself, where no core can be asked.

It takes the method's request as JSON on standard input and prints the answer so. A core that runs there notices.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from hotseat.v1 import key_service_pb2 as service

from hotseat_core import convert_keys
from hotseat_core.access.keyring import Keyring
from hotseat_core.errors import HotseatError, InvalidMessage

_REQUESTS: dict[str, Any] = {
    "CreateKey": service.CreateKeyRequest,
    "ListKeys": service.ListKeysRequest,
    "UpdateKey": service.UpdateKeyRequest,
    "RevokeKey": service.RevokeKeyRequest,
}


async def answer(method: str, directory: Path, asked: str) -> str:
    """Return the answer as JSON. Raises HotseatError."""
    try:
        request = json_format.Parse(asked, _REQUESTS[method]())
    except (KeyError, json_format.ParseError) as exc:
        raise InvalidMessage(f"{method} can't be asked so: {exc}") from exc
    async with Keyring(directory) as keyring:
        return json.dumps(json_format.MessageToDict(await _METHODS[method](keyring, request)))


async def _create(keyring: Keyring, request: Any) -> Any:
    key, secret = await keyring.create(convert_keys.wanted(request))
    return service.CreateKeyResponse(key=convert_keys.key(key), secret=secret)


async def _list(keyring: Keyring, _: Any) -> Any:
    keys = [convert_keys.key(key, keyring.use_today(key.key_id)) for key in keyring.keys]
    return service.ListKeysResponse(keys=keys)


async def _update(keyring: Keyring, request: Any) -> Any:
    found = await keyring.update(request.key_id, convert_keys.changes(request))
    return service.UpdateKeyResponse(key=convert_keys.key(found))


async def _revoke(keyring: Keyring, request: Any) -> Any:
    return service.RevokeKeyResponse(key=convert_keys.key(await keyring.revoke(request.key_id)))


_METHODS: dict[str, Callable[[Keyring, Any], Awaitable[Any]]] = {
    "CreateKey": _create,
    "ListKeys": _list,
    "UpdateKey": _update,
    "RevokeKey": _revoke,
}


def main() -> int:
    """Answer one request, and return the exit code."""
    method, directory = sys.argv[1:3]
    try:
        sys.stdout.write(asyncio.run(answer(method, Path(directory), sys.stdin.read())))
    except HotseatError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

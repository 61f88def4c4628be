"""KeyService: who calls, and the keys."""

from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
from hotseat.v1 import key_service_pb2 as service
from hotseat.v1 import key_service_pb2_grpc

from hotseat_core import convert_keys
from hotseat_core.access.caller import caller
from hotseat_core.access.key import name_of
from hotseat_core.access.keyring import Keyring
from hotseat_core.access.mode import AuthMode
from hotseat_core.paging import page
from hotseat_core.parse_content import refuse

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_MODES = {
    AuthMode.OPEN: service.AUTH_MODE_OPEN,
    AuthMode.KEYS: service.AUTH_MODE_KEYS,
    AuthMode.CERTIFICATES: service.AUTH_MODE_CERTIFICATES,
    AuthMode.INSECURE: service.AUTH_MODE_INSECURE,
}


class KeyServicer(key_service_pb2_grpc.KeyServiceServicer):
    """Serves the keyring."""

    def __init__(self, keyring: Keyring, mode: Callable[[], AuthMode]) -> None:
        self._keyring = keyring
        self._mode = mode

    async def GetCaller(  # noqa: N802
        self,
        request: service.GetCallerRequest,  # noqa: ARG002
        context: Context,  # noqa: ARG002
    ) -> service.GetCallerResponse:
        """Tell who calls."""
        found = caller()
        return service.GetCallerResponse(
            auth_mode=_MODES[self._mode()],
            tenant=name_of(found.tenant),
            scopes=convert_keys.scopes(found.scopes),
            key_id=found.key_id,
            key_name=found.name,
            standing=convert_keys.standing(self._keyring.account(found).standing()),
        )

    async def CreateKey(  # noqa: N802
        self,
        request: service.CreateKeyRequest,
        context: Context,  # noqa: ARG002
    ) -> service.CreateKeyResponse:
        """Make a key."""
        key, secret = await self._keyring.create(convert_keys.wanted(request))
        return service.CreateKeyResponse(key=convert_keys.key(key), secret=secret)

    async def ListKeys(  # noqa: N802
        self,
        request: service.ListKeysRequest,
        context: Context,  # noqa: ARG002
    ) -> service.ListKeysResponse:
        """List the keys, the oldest first."""
        chosen, next_token = page(
            self._keyring.keys, request.page_size, request.page_token, key=lambda found: found.key_id
        )
        told = [convert_keys.key(key, self._keyring.use_today(key.key_id)) for key in chosen]
        return service.ListKeysResponse(keys=told, next_page_token=next_token)

    async def UpdateKey(  # noqa: N802
        self,
        request: service.UpdateKeyRequest,
        context: Context,  # noqa: ARG002
    ) -> service.UpdateKeyResponse:
        """Change a key."""
        if not request.key_id:
            refuse("key_id", "is required")
        found = await self._keyring.update(request.key_id, convert_keys.changes(request))
        return service.UpdateKeyResponse(key=convert_keys.key(found))

    async def RevokeKey(  # noqa: N802
        self,
        request: service.RevokeKeyRequest,
        context: Context,  # noqa: ARG002
    ) -> service.RevokeKeyResponse:
        """Let a key open nothing any more."""
        if not request.key_id:
            refuse("key_id", "is required")
        return service.RevokeKeyResponse(key=convert_keys.key(await self._keyring.revoke(request.key_id)))

"""Keys: made, listed, changed, revoked; and who one is."""

import grpc.aio

from hotseat import pb
from hotseat.unary import call
from hotseat.v1.key_service_pb2_grpc import KeyServiceStub


class KeyCalls:
    """What KeyService offers, over a channel that somebody else owns. Every method raises HotseatError."""

    def __init__(self, channel: grpc.aio.Channel, call_timeout_s: float) -> None:
        self._keys = KeyServiceStub(channel)
        self._keys_timeout_s = call_timeout_s

    async def get_caller(self, *, timeout_s: float | None = None) -> pb.GetCallerResponse:
        """Whom the core takes this client for, and what it may do."""
        response: pb.GetCallerResponse = await call(
            self._keys.GetCaller, pb.GetCallerRequest(), timeout_s or self._keys_timeout_s
        )
        return response

    async def create_key(self, request: pb.CreateKeyRequest) -> pb.CreateKeyResponse:
        """A new key with its secret, which is told here and never again."""
        response: pb.CreateKeyResponse = await call(self._keys.CreateKey, request, self._keys_timeout_s)
        return response

    async def list_keys(self, *, page_size: int = 0, page_token: str = "") -> pb.ListKeysResponse:
        """One page of keys, revoked ones too, the oldest first."""
        request = pb.ListKeysRequest(page_size=page_size, page_token=page_token)
        response: pb.ListKeysResponse = await call(self._keys.ListKeys, request, self._keys_timeout_s)
        return response

    async def update_key(self, request: pb.UpdateKeyRequest) -> pb.Key:
        """Change a key, and return it: what the request does not say stays."""
        response: pb.UpdateKeyResponse = await call(self._keys.UpdateKey, request, self._keys_timeout_s)
        return response.key

    async def revoke_key(self, key_id: str) -> pb.Key:
        """Let a key open nothing any more, and end the streams that it has open."""
        request = pb.RevokeKeyRequest(key_id=key_id)
        response: pb.RevokeKeyResponse = await call(self._keys.RevokeKey, request, self._keys_timeout_s)
        return response.key

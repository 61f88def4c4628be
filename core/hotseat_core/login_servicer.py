"""LoginService: browsers log in."""

from typing import Any, TypeAlias

import grpc
from hotseat.v1 import login_service_pb2 as service
from hotseat.v1 import login_service_pb2_grpc

from hotseat_core.access.caller import caller
from hotseat_core.access.keyring import Keyring
from hotseat_core.convert import timestamp
from hotseat_core.errors import InvalidMessage, PermissionDenied, Unauthenticated

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"

_OPEN = "this server asks nobody for a key: there is nothing to log in to, open its page as it is"
_LONGER = "a session can't be made longer by itself: show the API key"
_NEITHER = "a session begins with a code of CreateLogin, or with an API key"


class LoginServicer(login_service_pb2_grpc.LoginServiceServicer):
    """Serves the sessions of a keyring."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def CreateLogin(  # noqa: N802
        self,
        request: service.CreateLoginRequest,
        context: Context,  # noqa: ARG002
    ) -> service.CreateLoginResponse:
        """Make a code."""
        made = self._keyring.sessions.invite(self._own_key(), _lifetime(request))
        return service.CreateLoginResponse(code=made.secret, expire_time=timestamp(made.expire_time))

    async def CreateSession(  # noqa: N802
        self,
        request: service.CreateSessionRequest,
        context: Context,  # noqa: ARG002
    ) -> service.CreateSessionResponse:
        """Begin a session."""
        sessions = self._keyring.sessions
        key_id = sessions.redeem(request.code) if request.code else self._own_key()
        made = sessions.begin(key_id, _lifetime(request))
        return service.CreateSessionResponse(secret=made.secret, expire_time=timestamp(made.expire_time))

    async def EndSession(  # noqa: N802
        self,
        request: service.EndSessionRequest,
        context: Context,  # noqa: ARG002
    ) -> service.EndSessionResponse:
        """End a session."""
        self._keyring.end_session(request.secret)
        return service.EndSessionResponse()

    def _own_key(self) -> str:
        found = caller()
        if found.key_id and not found.in_session:
            return found.key_id
        if found.in_session:
            raise PermissionDenied(_LONGER)
        if found.is_stranger:
            raise Unauthenticated(_NEITHER)
        raise InvalidMessage(_OPEN)


def _lifetime(request: service.CreateLoginRequest | service.CreateSessionRequest) -> float | None:
    return request.lifetime.ToMicroseconds() / 1e6 if request.HasField("lifetime") else None

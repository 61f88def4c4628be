"""Browsers' sessions: begun and ended."""

import grpc.aio

from hotseat import pb
from hotseat.unary import call
from hotseat.v1.login_service_pb2_grpc import LoginServiceStub


class LoginCalls:
    """What LoginService offers, over a channel that somebody else owns. Every method raises HotseatError."""

    def __init__(self, channel: grpc.aio.Channel, call_timeout_s: float) -> None:
        self._logins = LoginServiceStub(channel)
        self._logins_timeout_s = call_timeout_s

    async def create_login(self, *, lifetime_s: float | None = None) -> pb.CreateLoginResponse:
        """A code that logs its holder in, once, as this client's key."""
        request = pb.CreateLoginRequest()
        if lifetime_s is not None:
            request.lifetime.FromMicroseconds(round(lifetime_s * 1e6))
        response: pb.CreateLoginResponse = await call(self._logins.CreateLogin, request, self._logins_timeout_s)
        return response

    async def create_session(self, *, code: str = "", lifetime_s: float | None = None) -> pb.CreateSessionResponse:
        """A session: by a code, which is spent with that, or as this client's key."""
        request = pb.CreateSessionRequest(code=code)
        if lifetime_s is not None:
            request.lifetime.FromMicroseconds(round(lifetime_s * 1e6))
        response: pb.CreateSessionResponse = await call(self._logins.CreateSession, request, self._logins_timeout_s)
        return response

    async def end_session(self, secret: str) -> None:
        """End a session; one that has ended is no error."""
        await call(self._logins.EndSession, pb.EndSessionRequest(secret=secret), self._logins_timeout_s)

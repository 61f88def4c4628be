"""How browsers log in to a small core."""
# ruff: noqa: N802  # the generated base class names the methods

import secrets
import time

from hotseat import pb
from hotseat.v1.login_service_pb2_grpc import LoginServiceServicer

from tests.fakes.calls import Context, abort, failure
from tests.fakes.keys import FakeKeys


class FakeLogins(LoginServiceServicer):
    """Begins a session for each key and code that `keys` knows."""

    def __init__(self, keys: FakeKeys) -> None:
        super().__init__()
        self._keys = keys
        self.codes: dict[str, str] = {}  # key by code
        self.ended: list[str] = []

    async def CreateSession(self, request: pb.CreateSessionRequest, context: Context) -> pb.CreateSessionResponse:
        key = self.codes.pop(request.code, "") if request.code else self._keys.key_of(context)
        if key not in self._keys.callers:
            await abort(context, failure("UNAUTHENTICATED", "this login link was used already"))
        made = pb.CreateSessionResponse(secret=f"hs_session_{secrets.token_urlsafe(32)}")
        made.expire_time.FromSeconds(int(time.time()) + 3600)
        self._keys.callers[made.secret] = self._keys.callers[key]
        return made

    async def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:
        del context
        self.ended.append(request.secret)
        self._keys.callers.pop(request.secret, None)
        return pb.EndSessionResponse()

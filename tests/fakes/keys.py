"""What a small core says of its callers."""
# ruff: noqa: N802  # the generated base class names the methods

import asyncio

from hotseat import pb
from hotseat.v1.key_service_pb2_grpc import KeyServiceServicer

from tests.fakes.calls import Context, abort, failure


class FakeKeys(KeyServiceServicer):
    """Lets everybody in, or, where `callers` holds some, those whose keys it names."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: dict[str, pb.GetCallerResponse] = {}  # by key
        self.asked_for_caller = 0
        self.knows_callers = asyncio.Event()  # until then it says nothing of them
        self.knows_callers.set()
        self.keys: list[pb.Key] = []
        self.wanted: list[pb.CreateKeyRequest] = []

    def key_of(self, context: Context) -> str:
        """What the call shows."""
        shown = dict(context.invocation_metadata() or ())
        return str(shown.get("authorization", "")).removeprefix("Bearer ")

    async def GetCaller(self, request: pb.GetCallerRequest, context: Context) -> pb.GetCallerResponse:
        self.asked_for_caller += 1
        await self.knows_callers.wait()
        if not self.callers:
            return pb.GetCallerResponse(
                auth_mode=pb.AUTH_MODE_OPEN, tenant="default", scopes=[pb.SCOPE_CONVERSE, pb.SCOPE_ADMIN]
            )
        found = self.callers.get(self.key_of(context))
        if found is None:
            await abort(context, failure("UNAUTHENTICATED", "this API key opens nothing here"))
            raise AssertionError("an abort returns")
        return found

    async def CreateKey(self, request: pb.CreateKeyRequest, context: Context) -> pb.CreateKeyResponse:
        del context
        self.wanted.append(request)
        made = pb.Key(
            key_id=f"key_{len(self.keys) + 1}",
            name=request.name,
            tenant=request.tenant or "default",
            scopes=request.scopes,
            limits=request.limits,
        )
        self.keys.append(made)
        return pb.CreateKeyResponse(key=made, secret=f"hs_secret-of-{made.key_id}")

    async def ListKeys(self, request: pb.ListKeysRequest, context: Context) -> pb.ListKeysResponse:
        del context
        start = int(request.page_token or 0)
        end = start + 2  # small pages: whoever wants all must go on
        token = str(end) if end < len(self.keys) else ""
        return pb.ListKeysResponse(keys=self.keys[start:end], next_page_token=token)

    async def RevokeKey(self, request: pb.RevokeKeyRequest, context: Context) -> pb.RevokeKeyResponse:
        for key in self.keys:
            if key.key_id == request.key_id:
                key.revoke_time.FromSeconds(1_800_000_000)
                return pb.RevokeKeyResponse(key=key)
        await abort(context, failure("KEY_NOT_FOUND", f"there is no key {request.key_id}"))
        raise AssertionError("an abort returns")

"""What a small core says of its callers."""
# ruff: noqa: N802  # the generated base class names the methods

from hotseat import pb
from hotseat.v1.key_service_pb2_grpc import KeyServiceServicer

from tests.fakes.calls import Context, abort, failure


class FakeKeys(KeyServiceServicer):
    """Lets everybody in, or, where `callers` holds some, those whose keys it names."""

    def __init__(self) -> None:
        super().__init__()
        self.callers: dict[str, pb.GetCallerResponse] = {}  # by key
        self.asked_for_caller = 0

    def key_of(self, context: Context) -> str:
        """What the call shows."""
        shown = dict(context.invocation_metadata() or ())
        return str(shown.get("authorization", "")).removeprefix("Bearer ")

    async def GetCaller(self, request: pb.GetCallerRequest, context: Context) -> pb.GetCallerResponse:
        self.asked_for_caller += 1
        if not self.callers:
            return pb.GetCallerResponse(
                auth_mode=pb.AUTH_MODE_OPEN, tenant="default", scopes=[pb.SCOPE_CONVERSE, pb.SCOPE_ADMIN]
            )
        found = self.callers.get(self.key_of(context))
        if found is None:
            await abort(context, failure("UNAUTHENTICATED", "this API key opens nothing here"))
            raise AssertionError("an abort returns")
        return found

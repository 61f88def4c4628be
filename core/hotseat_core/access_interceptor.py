"""What every call goes through before it reaches its servicer: who calls, and may they?"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias

import grpc
import msgspec

from hotseat_core.access.caller import ANYBODY, STRANGER, Caller, Scope, set_caller
from hotseat_core.access.key import tenant_of
from hotseat_core.access.keyring import Keyring
from hotseat_core.access.policy import Need, lacks, need_of
from hotseat_core.errors import PermissionDenied, Unauthenticated

# A string: the class is generic in the stubs alone.
Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
Behaviour: TypeAlias = Callable[[Any, Context], Awaitable[Any]]
Metadata: TypeAlias = Iterable[tuple[str, str | bytes]]

AUTHORIZATION = "authorization"
API_KEY = "x-api-key"
TENANT = "hotseat-tenant"  # whom an admin acts for

_KINDS = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
_ENDED = (
    "while the call ran, this API key was revoked, has expired or may do less than before, or its session has ended"
)


class AccessInterceptor(grpc.aio.ServerInterceptor):
    """Lets a call pass whose caller has what it needs; the servicer asks `caller()` who that is.

    A stream ends when its key does. Health and reflection answer anybody.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable["grpc.RpcMethodHandler[Any, Any] | None"]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Wrap the method's behaviour; only those that are coroutines, which all of ours are."""
        handler: Any = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or not method.startswith("/hotseat."):
            return handler  # type: ignore[no-any-return] # health and reflection
        name = next(kind for kind in _KINDS if getattr(handler, kind) is not None)
        guarded = self._guarded(getattr(handler, name), need_of(method), handler_call_details.invocation_metadata)
        return handler._replace(**{name: guarded})  # type: ignore[no-any-return]

    def _guarded(self, behaviour: Behaviour, need: Need, metadata: Any) -> Behaviour:
        async def behave(request: Any, context: Context) -> Any:
            caller = self._admitted(metadata or (), need)
            set_caller(caller)
            if not caller.key_id:
                return await behaviour(request, context)
            try:
                async with asyncio.timeout(None) as timeout:
                    with self._keyring.session(caller, timeout):
                        return await behaviour(request, context)
            except TimeoutError:
                if timeout.expired():
                    raise Unauthenticated(_ENDED) from None
                raise

        return behave

    def _admitted(self, metadata: Metadata, need: Need) -> Caller:
        """Return who calls. Raises Unauthenticated or PermissionDenied."""
        shown = [(name, value) for name, value in metadata if name in {AUTHORIZATION, API_KEY, TENANT}]
        try:
            # Where no key is needed it may be anything: SDKs can't be without one.
            caller = self._keyring.identify(secret_in(shown)) if self._keyring.needs_key else ANYBODY
        except Unauthenticated:
            if need is Need.NOTHING:
                return STRANGER
            raise
        if (missing := lacks(caller, need)) is not None:
            raise PermissionDenied(
                f"this needs a key with the scope {missing.value}; make one with `hotseat keys create`",
                metadata={"scope": missing.value},
            )
        return _acting_for(caller, shown)


def secret_in(shown: Metadata) -> str:
    """Return the secret that a caller shows; empty: none. Raises Unauthenticated where it is in no form of ours."""
    found = {_secret(name, value) for name, value in shown if name != TENANT}
    if len(found) > 1:
        raise Unauthenticated("the call shows two different API keys; send one")
    return found.pop() if found else ""


def _secret(name: str, value: str | bytes) -> str:
    text = value if isinstance(value, str) else value.decode("latin-1")
    if name == API_KEY:
        return text.strip()
    scheme, _, secret = text.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("the authorization is not of the form `Bearer hs_...`")
    return secret.strip()


def _acting_for(caller: Caller, shown: Metadata) -> Caller:
    wanted = [value for name, value in shown if name == TENANT]
    if not wanted:
        return caller
    tenant = tenant_of(str(wanted[-1]))
    if tenant == caller.tenant:
        return caller
    if not caller.is_admin:
        raise PermissionDenied(
            "only a key with the scope admin may act for another tenant", metadata={"scope": Scope.ADMIN.value}
        )
    return msgspec.structs.replace(caller, tenant=tenant)

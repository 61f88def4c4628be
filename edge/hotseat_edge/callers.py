"""Who makes a request: the key that it shows goes on to the core with every call, and the core says whose it is."""

import hashlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from hotseat import pb

from hotseat_edge.cookies import session_in
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.story import present

# Of routes as they stand in the code; every other one needs a key where keys are asked for.
PUBLIC = frozenset(
    {
        "/health",
        "/livez",
        "/readyz",
        "/openapi.json",
        "/docs",
        "/docs/{name}",
        "/",
        "/dashboard",
        "/web/{path}",
        "/login",
    }
)
ADMIN = frozenset(
    {
        *("/metrics", "/admin/pool", "/admin/pool/events", "/admin/pool/drain", "/admin/pool/resume"),
        *("/admin/pool/resize", "/admin/keys", "/admin/keys/{id}"),
    }
)

# The core looks at every call itself: what is told to a key that was revoked meanwhile is the models' names.
KNOWN_FOR_S = 60.0
_MOST_KNOWN = 1024
_LONGEST = 512
_NO_KEY_OF_OURS = "not-a-key"

_shown: ContextVar[str] = ContextVar("shown", default="")

Ask = Callable[[], Awaitable[pb.GetCallerResponse]]


def shown_key() -> str:
    """The key that the present request shows; empty: none."""
    return _shown.get()


@contextmanager
def showing(secret: str) -> Iterator[None]:
    """Show this to the core inside the block."""
    token = _shown.set(secret)
    try:
        yield
    finally:
        _shown.reset(token)


def key_in(headers: Mapping[str, str]) -> str:
    """The key in these headers, by any of the names that clients use; empty: none."""
    found = {headers[name].strip() for name in ("x-api-key", "api-key") if headers.get(name)}
    authorization = headers.get("Authorization", "").strip()
    if authorization:
        scheme, _, secret = authorization.partition(" ")
        found.add(secret.strip() if scheme.lower() == "bearer" else _NO_KEY_OF_OURS)
    found.discard("")
    if len(found) > 1:
        raise _unknown("The request shows two different API keys; send one.")
    key = found.pop() if found else ""
    # gRPC carries visible ASCII; no key of ours is anything else, or longer.
    return key if len(key) <= _LONGEST and key.isascii() and key.isprintable() else _NO_KEY_OF_OURS


class Callers:
    """Lets requests through to their routes; what is not public needs a caller whom the core knows."""

    def __init__(self, ask: Ask, *, needs_key: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._needs_key = needs_key  # others than this machine reach the edge: a core that asks nobody will not do
        self._clock = clock
        self._known: dict[bytes, tuple[float, pb.GetCallerResponse]] = {}  # until when, by a hash of the key

    @property
    def middleware(self) -> Middleware:
        """What the application puts before its routes."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            _shown.set(key_in(request.headers) or session_in(request.headers))
            # The route itself, not its path: there are many ways to write a path.
            resource = request.match_info.route.resource
            if resource is not None and resource.canonical not in PUBLIC:
                await self._check(resource.canonical)
            return await handler(request)

        return admit

    async def _check(self, route: str) -> None:
        # What no call to the core stands behind is asked for each time.
        caller = await self.caller(fresh=route in ADMIN)
        story = present()
        story.tenant, story.key_id = caller.tenant, caller.key_id
        if self._needs_key and caller.auth_mode != pb.AUTH_MODE_KEYS:
            raise _unknown("This server has no API keys yet: whoever runs it makes one with `hotseat keys create`.")
        if route in ADMIN and pb.SCOPE_ADMIN not in caller.scopes:
            message = "This needs an API key with the scope admin."
            raise ApiError(message, status=403, kind="permission_error", code="insufficient_scope")

    async def caller(self, *, fresh: bool = False) -> pb.GetCallerResponse:
        """Who makes the present request; fresh: as the core has it now. Raises ApiError."""
        name = hashlib.sha256(shown_key().encode()).digest()
        until, caller = self._known.get(name, (0.0, None))
        if caller is None or fresh or self._clock() >= until:
            self._known.pop(name, None)
            caller = await self._ask()
            self._known[name] = self._clock() + KNOWN_FOR_S, caller
            if len(self._known) > _MOST_KNOWN:
                del self._known[next(iter(self._known))]
        return caller


def _unknown(message: str) -> ApiError:
    headers = {"WWW-Authenticate": "Bearer"}
    return ApiError(message, status=401, code="invalid_api_key", headers=headers)

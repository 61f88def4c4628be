"""A worker's own way to the provider: a socket, a secret, and what comes through."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from pathlib import Path

from hotseat_core.upstream.account import Account
from hotseat_core.upstream.connections import Connections
from hotseat_core.upstream.credential import Credential
from hotseat_core.upstream.errand import Errand, Request
from hotseat_core.upstream.heads import Headers, is_allowed, request_head, shows_token
from hotseat_core.upstream.lane import USUAL, Patience
from hotseat_core.upstream.models import Models, NotAllowedError
from hotseat_core.upstream.refusals import refusal
from hotseat_core.upstream.worker_side import WorkerSide
from hotseat_core.worker.command import Upstream

logger = logging.getLogger(__name__)

_MOST_CONNECTIONS = 64  # of one worker; the CLI has one, and one more for each subagent


@dataclass(frozen=True, slots=True)
class Beyond:
    """What lies behind every door."""

    connections: Connections
    credential: Credential
    models: Models
    patience: Patience = USUAL


class Door:
    """Open from the worker's start to its end; whoever opens it calls close."""

    def __init__(self, beyond: Beyond, token: str, account: Account, socket: Path) -> None:
        self.account = account
        self.upstream = Upstream(
            {beyond.credential.variable: token}, beyond.connections.provider.plain_url, str(socket)
        )  # what the worker is told
        self._socket = socket
        self._beyond = beyond
        self._token = token.encode()
        self._server: asyncio.Server | None = None
        self._sides: set[WorkerSide] = set()
        self._noted: set[str] = set()

    async def open(self) -> None:
        """Let the worker in. Raises OSError."""
        self._server = await asyncio.get_running_loop().create_unix_server(self._let_in, str(self._socket))
        self._socket.chmod(0o600)

    def close(self) -> None:
        """Let nobody in any more, and end what is under way."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for side in list(self._sides):
            side.cut()
        with contextlib.suppress(OSError):
            self._socket.unlink()

    @property
    def is_open(self) -> bool:
        """The worker is running."""
        return self._server is not None

    @property
    def is_crowded(self) -> bool:
        """There are so many connections that one more is not even told so."""
        return len(self._sides) > 2 * _MOST_CONNECTIONS

    def _let_in(self) -> WorkerSide:
        side = WorkerSide(self, self._sides.discard)
        self._sides.add(side)
        return side

    # -- the desk's

    def refuse(self, method: bytes, target: bytes, headers: Headers) -> bytes:
        """Return the answer to a request that may not be passed on; empty: it may."""
        if not self.is_open or not shows_token(headers, self._token):
            self._note("it does not show the worker's token")
            return refusal(401, "this is not the token of a running worker")
        if not is_allowed(method, target, self._beyond.connections.provider.path):
            self._note("what it asks for is not passed on")
            return refusal(403, "hotseat passes on requests for messages, token counts and models, and nothing else")
        if len(self._sides) > _MOST_CONNECTIONS:
            return refusal(403, f"a worker may have {_MOST_CONNECTIONS} connections")
        return b""

    def request(self, method: bytes, target: bytes, headers: Headers, body: bytes) -> Request:
        """Return the request as the provider is to see it. Raises NotAllowedError."""
        connections = self._beyond.connections
        try:
            body = self._beyond.models.checked(body) if method == b"POST" else body
        except NotAllowedError as exc:
            self._note(str(exc))
            raise
        credential = [self._beyond.credential.header]
        if connections.way.proxy_authorization and not connections.way.is_tunnelled:
            credential.append(b"proxy-authorization: " + connections.way.proxy_authorization)
        trace = self.account.trace
        span = trace.begin(target, body) if trace is not None else None
        head = request_head(
            method,
            connections.way.target_prefix + target,
            headers,
            authority=connections.provider.authority,
            credential=credential,
            size=len(body),
            trace=span.headers if span is not None else (),
        )
        return Request(target, head, body, span)

    def errand(self, side: WorkerSide, request: Request) -> Errand:
        """Return what carries it out."""
        return Errand(self._beyond.connections, self.account, side, request, self._beyond.patience)

    def _note(self, because: str) -> None:
        """Log it once: whatever runs in the worker can ask as often as it likes."""
        if because not in self._noted:
            self._noted.add(because)
            extra = {"worker": self.account.worker_id, "because": because}
            logger.warning("a request of a worker to the model's provider was refused", extra=extra)

"""The HTTP server, put together."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import web
from hotseat import Client, HotseatError, pb
from hotseat_serving.exposure import is_loopback, refusal
from hotseat_serving.loop_lag import watching_lag
from hotseat_serving.tracing import Tracer

from hotseat_edge.callers import Callers, shown_key
from hotseat_edge.connection import JsonServer
from hotseat_edge.core_client import PROBE_TIMEOUT_S, Core
from hotseat_edge.doors import Doors
from hotseat_edge.http2.channel import Channel, address_of
from hotseat_edge.metrics import Metrics
from hotseat_edge.middleware import guarded, stamp
from hotseat_edge.routes import unserved
from hotseat_edge.routes.admin import Admin
from hotseat_edge.routes.chat import Chat
from hotseat_edge.routes.conversations import Conversations
from hotseat_edge.routes.docs import Docs
from hotseat_edge.routes.health import Health
from hotseat_edge.routes.kept_responses import KeptResponses
from hotseat_edge.routes.keys import Keys
from hotseat_edge.routes.models import Models
from hotseat_edge.routes.openai_conversations import OpenAIConversations
from hotseat_edge.routes.permissions import Permissions
from hotseat_edge.routes.responses import Responses
from hotseat_edge.routes.session import Session
from hotseat_edge.routes.stored_chat import StoredChat
from hotseat_edge.routes.web import Web
from hotseat_edge.settings import Settings
from hotseat_edge.tls import core_credentials

logger = logging.getLogger(__name__)


class CannotListen(Exception):
    """The address is taken, or is not this machine's; the text is one line for the operator."""


@asynccontextmanager
async def serve(settings: Settings, tracer: Tracer | None = None, doors: Doors | None = None) -> AsyncIterator[str]:
    """Serve until the block is left, and yield the URL; running requests then have `drain_s` to end."""
    doors = doors or Doors(settings)
    context, metrics = doors.context, doors.crowd.metrics
    async with AsyncExitStack() as stack:
        stack.enter_context(watching_lag(metrics.registry))
        client = await stack.enter_async_context(_client(settings))
        await _check_exposure(settings, client)
        runner = _Runner(application(settings, Core(client, settings.core_wait_s), metrics), settings, doors, tracer)
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.host, settings.port, ssl_context=context)
            try:
                await site.start()
            except OSError as error:
                address = f"{settings.host}:{settings.port}"
                raise CannotListen(f"cannot listen on {address}: {_why(error)}; choose another PORT") from error
            host, port = runner.addresses[0][:2]
            if settings.insecure_no_auth and not is_loopback(settings.host):
                logger.warning("HOTSEAT_INSECURE_NO_AUTH: a core without keys is served to all", extra={"host": host})
            scheme = "http" if context is None else "https"
            yield f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
        finally:
            await runner.cleanup()


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[Client]:
    """A client of the core; what is said in conversations goes by our own channel where that knows the way."""
    credentials, address = core_credentials(settings), address_of(settings.target)
    async with AsyncExitStack() as stack:
        open_call = None
        if credentials is None and address is not None:
            open_call = (await stack.enter_async_context(Channel(address))).open
        client = Client(
            settings.target, opens_ahead=True, api_key=shown_key, credentials=credentials, open_call=open_call
        )
        yield await stack.enter_async_context(client)


async def _check_exposure(settings: Settings, client: Client) -> None:
    """Raise CannotListen where strangers would be let in. A core that is away is asked again with each request."""
    if not settings.needs_key:
        return
    try:
        caller = await client.get_caller(timeout_s=PROBE_TIMEOUT_S)
    except HotseatError:
        return  # it asks for a key, or is not there yet
    if caller.auth_mode != pb.AUTH_MODE_KEYS:
        raise CannotListen(refusal("the edge", settings.host))


def _why(error: OSError) -> str:
    # asyncio puts the address into strerror; a name that does not resolve has no errno of the system's.
    number = error.errno or 0
    return os.strerror(number).lower() if number > 0 else str(error.strerror)


def application(settings: Settings, core: Core, metrics: Metrics) -> web.Application:
    """The routes."""
    callers = Callers(core.caller, needs_key=settings.needs_key)
    app = web.Application(client_max_size=settings.max_body_bytes, middlewares=[callers.middleware])
    app.on_response_prepare.append(stamp)
    chat = Chat(core, settings, metrics)
    stored_chat = StoredChat(core.client, settings)
    responses = Responses(core, settings, metrics)
    kept_responses = KeptResponses(core.client, settings)
    openai_conversations = OpenAIConversations(core.client, settings)
    models = Models(core)
    conversations = Conversations(core)
    permissions = Permissions(core, settings)
    keys = Keys(core, settings)
    session = Session(core, callers, settings)
    health = Health(core, callers, demo=settings.demo)
    docs = Docs()
    pages = Web()
    admin = Admin(core, settings, metrics)
    app.on_shutdown.append(admin.end_watches)
    app.add_routes(
        [
            web.post("/v1/chat/completions", chat.create),
            web.get("/v1/chat/completions", stored_chat.index),
            web.get("/v1/chat/completions/{id}", stored_chat.show),
            web.post("/v1/chat/completions/{id}", stored_chat.update),
            web.delete("/v1/chat/completions/{id}", stored_chat.delete),
            web.get("/v1/chat/completions/{id}/messages", stored_chat.messages),
            web.post("/v1/completions", chat.complete),
            web.post("/v1/responses", responses.create),
            *(web.post(path, unserved.refuse) for path in unserved.PATHS),
            web.get("/v1/responses/{id}", kept_responses.show),
            web.delete("/v1/responses/{id}", kept_responses.delete),
            web.post("/v1/responses/{id}/cancel", kept_responses.cancel),
            web.get("/v1/responses/{id}/input_items", kept_responses.input_items),
            web.post("/v1/conversations", openai_conversations.create),
            web.get("/v1/conversations/{id}", openai_conversations.show),
            web.post("/v1/conversations/{id}", openai_conversations.update),
            web.delete("/v1/conversations/{id}", openai_conversations.delete),
            web.get("/v1/conversations/{id}/items", openai_conversations.items),
            web.post("/v1/conversations/{id}/items", openai_conversations.add),
            web.get("/v1/conversations/{id}/items/{item}", openai_conversations.item),
            web.delete("/v1/conversations/{id}/items/{item}", openai_conversations.remove),
            web.get("/v1/models", models.index),
            web.get("/v1/models/{id:.+}", models.show),
            web.get("/conversations", conversations.index),
            web.get("/conversations/{id}", conversations.show),
            web.delete("/conversations/{id}", conversations.delete),
            web.post("/conversations/{id}/interrupt", conversations.interrupt),
            web.post("/conversations/{id}/permissions/{permission_id}", permissions.decide),
            web.post("/login", session.begin),
            web.get("/session", session.show),
            web.delete("/session", session.end),
            web.get("/", pages.playground),
            web.get("/dashboard", pages.dashboard),
            web.get("/web/{path:.+}", pages.file),
            web.get("/admin/pool", admin.pool),
            web.get("/admin/pool/events", admin.watch),
            web.post("/admin/pool/drain", admin.drain),
            web.post("/admin/pool/resume", admin.resume),
            web.post("/admin/pool/resize", admin.resize),
            web.get("/admin/keys", keys.index),
            web.post("/admin/keys", keys.create),
            web.delete("/admin/keys/{id}", keys.revoke),
            web.get("/health", health.health),
            web.get("/livez", health.live),
            web.get("/readyz", health.ready),
            web.get("/metrics", metrics.show),
            web.get("/openapi.json", docs.document),
            web.get("/docs", docs.page),
            web.get("/docs/{name}", docs.part),
        ]
    )
    return app


class _Runner(web.AppRunner):
    """Runs an application on our own connections."""

    def __init__(self, app: web.Application, settings: Settings, doors: Doors, tracer: Tracer | None) -> None:
        super().__init__(app, shutdown_timeout=settings.drain_s)
        self._settings = settings
        self._doors = doors
        self._tracer = tracer

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        doors = self._doors
        return JsonServer(
            guarded(plain.request_handler, doors.gate, doors.crowd.metrics, self._tracer),
            doors.crowd,
            request_factory=plain.request_factory,
            handler_cancellation=True,  # a client that hangs up ends its turn; run_app's default would let it run on
            keepalive_timeout=self._settings.idle_connection_s,
            auto_decompress=False,  # an encoded body is refused, not inflated
            access_log=None,  # `guarded` logs each request
        )

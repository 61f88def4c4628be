"""What the edge counts, for Prometheus: docs/metrics.md names and explains all of it."""

from importlib.metadata import version

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder

from hotseat_edge.recent import RecentFirstTokens
from hotseat_edge.spent import SpentByModel

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_REQUESTS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_TOKENS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30, 60, 120)
OTHER = "other"
REFUSED = web.RequestKey("refused", bool)  # it never came to a route


class Metrics:
    """Counts requests and first tokens, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.recent = RecentFirstTokens()
        self.spent = SpentByModel()
        self._requests = Counter(
            "hotseat_http_requests", "Requests answered; 499: the client hung up.", ["method", "route", "status"],
            registry=registry,
        )  # fmt: skip
        self._durations = Histogram(
            "hotseat_http_request_duration_seconds", "Until the last byte of the answer.", ["route"],
            registry=registry, buckets=_REQUESTS_S,
        )  # fmt: skip
        self.in_progress = Gauge("hotseat_http_requests_in_progress", "Requests being answered.", registry=registry)
        self.connections = Gauge("hotseat_http_connections", "Connections of clients.", registry=registry)
        self._cuts = Counter(
            "hotseat_http_connections_cut", "Connections ended for taking too much.", ["reason"], registry=registry
        )
        for reason in ("crowded", "slow_head", "unread"):
            self._cuts.labels(reason)
        self._first_tokens = Histogram(
            "hotseat_time_to_first_token_seconds", "From the request to the core to the answer's first piece.",
            ["worker"], registry=registry, buckets=_TOKENS_S,
        )  # fmt: skip
        self._phases = Histogram(
            "hotseat_first_token_phase_seconds", "Where that time went: queue, bind, upstream.", ["phase"],
            registry=registry, buckets=_TOKENS_S,
        )  # fmt: skip
        Info("hotseat_build", "What runs here.", registry=registry).info({"version": version("hotseat")})
        ProcessCollector(registry=registry)

    def note_request(self, request: web.BaseRequest, status: int, seconds: float) -> None:
        """Count a request that has been dealt with."""
        route = route_of(request)
        method = request.method if request.method in _METHODS else OTHER  # a stranger may write any word there
        self._requests.labels(method, route, str(status)).inc()
        self._durations.labels(route).observe(seconds)

    def note_cut(self, reason: str) -> None:
        """Count a connection that we have ended, or not let in."""
        self._cuts.labels(reason).inc()

    def note_phase(self, phase: str, seconds: float) -> None:
        """Count a part of the way to a first token."""
        self._phases.labels(phase).observe(seconds)

    def note_first_token(self, worker: str, seconds: float, queued: float) -> None:
        """Count a first token, how its process was had, and the seconds that it waited for that."""
        self._first_tokens.labels(worker or OTHER).observe(seconds)
        self.recent.note(worker or OTHER, seconds, queued)

    async def show(self, request: web.Request) -> web.Response:
        """GET /metrics."""
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self.registry), headers={"Content-Type": content_type})


def route_of(request: web.BaseRequest) -> str:
    """The route as it is written in the code, never as the client wrote it: there are few of those."""
    if not isinstance(request, web.Request) or REFUSED in request:
        return OTHER
    resource = request.match_info.route.resource
    return OTHER if resource is None else resource.canonical

"""Counts what the proxy passes on to the model's provider."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hotseat_core.metrics.models import ModelLabels
from hotseat_core.upstream.account import Call
from hotseat_core.upstream.meter import Tokens

_WAITS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60)
_FIRST_BYTES_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300)
_TOKENS_S = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 1, 5)


class WaitMeter:
    """Counts requests that wait because their key has as many under way as it may."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._waiting = Gauge(
            "hotseat_provider_waiting", "Requests that wait for others of their key to end.", registry=registry
        )
        self._waits = Histogram(
            "hotseat_provider_wait_seconds", "How long they waited, by what became of them.", ["outcome"],
            registry=registry, buckets=_WAITS_S,
        )  # fmt: skip
        for outcome in ("served", "refused", "cancelled"):
            self._waits.labels(outcome)

    def begin(self) -> None:
        """A request waits."""
        self._waiting.inc()

    def end(self, outcome: str, waited_s: float) -> None:
        """It does so no longer."""
        self._waiting.dec()
        self._waits.labels(outcome).observe(waited_s)


class ProviderMeter:
    """Counts requests by how they were answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.waits = WaitMeter(registry)
        self._requests = Counter(
            "hotseat_provider_requests", "Requests to the model's provider, by the status of its answer.", ["status"],
            registry=registry,
        )  # fmt: skip
        self._first_bytes = Histogram(
            "hotseat_provider_first_byte_seconds", "From a request to the head of the provider's answer.",
            registry=registry, buckets=_FIRST_BYTES_S,
        )  # fmt: skip

        self._tokens = Histogram(
            "hotseat_inter_token_seconds", "From one token of the model's to the next, on average over an answer.",
            registry=registry, buckets=_TOKENS_S,
        )  # fmt: skip
        self._used = Counter(
            "hotseat_provider_tokens", "Tokens, by the model that answered and their type.", ["model", "type"],
            registry=registry,
        )  # fmt: skip
        self._models = ModelLabels()

    def note(self, call: Call) -> None:
        """Count a request that has ended."""
        self._requests.labels(str(call.status) if call.status else "none").inc()
        if call.status:
            self._first_bytes.observe(call.first_byte_s)
        if call.token_s:
            self._tokens.observe(call.token_s)
        if call.tokens.model:
            self._note_tokens(self._models.of(call.tokens.model), call.tokens)

    def _note_tokens(self, model: str, tokens: Tokens) -> None:
        self._used.labels(model, "input").inc(tokens.input_tokens)
        self._used.labels(model, "output").inc(tokens.output_tokens)
        self._used.labels(model, "cache_read").inc(tokens.cache_read_tokens)
        self._used.labels(model, "cache_write").inc(tokens.cache_write_tokens)

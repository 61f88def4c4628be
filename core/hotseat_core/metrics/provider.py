"""Counts what the proxy passes on to the model's provider."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from hotseat_core.upstream.account import Call

_FIRST_BYTES_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60, 120, 300)


class ProviderMeter:
    """Counts requests by how they were answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "hotseat_provider_requests", "Requests to the model's provider, by the status of its answer.", ["status"],
            registry=registry,
        )  # fmt: skip
        self._first_bytes = Histogram(
            "hotseat_provider_first_byte_seconds", "From a request to the head of the provider's answer.",
            registry=registry, buckets=_FIRST_BYTES_S,
        )  # fmt: skip

    def note(self, call: Call) -> None:
        """Count a request that has ended."""
        self._requests.labels(str(call.status) if call.status else "none").inc()
        if call.status:
            self._first_bytes.observe(call.first_byte_s)

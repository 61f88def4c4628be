"""What a failure of the core becomes."""

import pytest
from hotseat.errors import CODES
from hotseat_edge.openai import errors
from hotseat_edge.openai.errors import Failure, from_failure


def test_every_reason_has_a_shape() -> None:
    assert set(CODES) <= set(errors._SHAPES)


@pytest.mark.parametrize(
    ("reason", "provider_status", "status", "code"),
    [
        ("PROVIDER", "500", 502, "upstream_error"),
        ("PROVIDER", "529", 503, "overloaded"),
        ("PROVIDER", "504", 504, "upstream_timeout"),
        ("PROVIDER", "", 502, "upstream_error"),
        ("PROVIDER_LIMIT", "429", 429, "rate_limit_exceeded"),
        ("PROVIDER_AUTH", "401", 401, "upstream_auth_error"),
        ("PROVIDER_AUTH", "403", 403, "upstream_auth_error"),
        ("PROVIDER_REJECTED", "400", 400, "upstream_rejected"),
        ("PROVIDER_REJECTED", "404", 404, "model_not_found"),
        ("PROVIDER_REJECTED", "413", 413, "request_too_large"),
        ("SOMETHING_NEW", "", 500, "internal_error"),
        ("UNAVAILABLE", "", 503, "core_unavailable"),
        ("CANCELLED", "", 500, "internal_error"),
    ],
)
def test_a_provider_s_status_tells_failures_apart(reason: str, provider_status: str, status: int, code: str) -> None:
    metadata = {"httpStatus": provider_status} if provider_status else {}
    error = from_failure(Failure(reason, "it failed", metadata), started=True, side_effects=False)

    assert (error.status, error.code) == (status, code)
    if reason == "PROVIDER" and provider_status:
        assert provider_status in error.message


@pytest.mark.parametrize(
    ("reason", "started", "side_effects", "verdict"),
    [
        ("POOL_FULL", False, True, "true"),
        ("QUEUE_TIMEOUT", False, True, "true"),
        ("POOL_DRAINING", False, False, "true"),
        ("WORKER_START", False, True, "true"),
        ("UNAVAILABLE", False, True, "true"),
        ("UNAVAILABLE", True, True, "false"),
        ("UNAVAILABLE", True, False, None),
        ("PROVIDER", True, True, "false"),
        ("PROVIDER", True, False, None),
        ("PROVIDER_LIMIT", True, False, None),
        ("PROVIDER_AUTH", True, False, "false"),
        ("STALLED", False, True, None),
    ],
)
def test_a_retry_is_advised_where_nothing_ran_and_forbidden_where_something_may_have(
    reason: str, started: bool, side_effects: bool, verdict: str | None
) -> None:
    error = from_failure(Failure(reason, "m"), started=started, side_effects=side_effects)
    assert error.headers.get("x-should-retry") == verdict


@pytest.mark.parametrize(
    ("reason", "delay", "seconds", "milliseconds"),
    [
        ("PROVIDER_LIMIT", 6.2, "7", "6200"),
        ("PROVIDER_LIMIT", 0.0, "1", "1"),
        ("POOL_FULL", None, "1", "1000"),
        ("POOL_DRAINING", 30.0, "30", "30000"),
        ("PROVIDER", None, None, None),
    ],
)
def test_retry_after_is_whole_seconds_and_never_none(
    reason: str, delay: float | None, seconds: str | None, milliseconds: str | None
) -> None:
    error = from_failure(Failure(reason, "m", retry_delay=delay), started=False, side_effects=False)
    assert (error.headers.get("Retry-After"), error.headers.get("retry-after-ms")) == (seconds, milliseconds)


def test_a_refused_credential_is_said_to_be_the_server_s() -> None:
    error = from_failure(Failure("PROVIDER_AUTH", "invalid x-api-key"), started=True, side_effects=False)
    assert "this server's own credential" in error.message
    assert error.kind == "authentication_error"

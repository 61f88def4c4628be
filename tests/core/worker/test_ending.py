"""Why a turn ended, and what a client is told of it."""

import pytest
from hotseat_core.errors import Reason
from hotseat_core.events import Usage
from hotseat_core.worker.ending import UNKNOWN_RETRY_DELAY_S, provider_failure, result_failure, usage_of


@pytest.mark.parametrize(
    ("status", "reason", "delay_s"),
    [
        (429, Reason.PROVIDER_LIMIT, UNKNOWN_RETRY_DELAY_S),
        (401, Reason.PROVIDER_AUTH, None),
        (403, Reason.PROVIDER_AUTH, None),
        (400, Reason.PROVIDER_REJECTED, None),
        (404, Reason.PROVIDER_REJECTED, None),
        (413, Reason.PROVIDER_REJECTED, None),
        (500, Reason.PROVIDER, 1.0),
        (529, Reason.PROVIDER, 1.0),
        (418, Reason.PROVIDER, 1.0),
        (None, Reason.PROVIDER, 1.0),
    ],
)
def test_a_status_has_a_reason_and_a_delay_where_a_retry_helps(
    status: int | None, reason: Reason, delay_s: float | None
) -> None:
    failure = provider_failure(status)
    assert (failure.reason, failure.retry_delay_s) == (reason, delay_s)
    assert failure.metadata == ({} if status is None else {"httpStatus": str(status)})


def test_the_delay_that_the_provider_named_counts() -> None:
    assert provider_failure(429, retry_delay_s=3.0).retry_delay_s == 3.0


@pytest.mark.parametrize(
    ("detail", "message"),
    [
        ("", "the model's provider answered 500"),
        ("API Error: 500 boom", "the model's provider answered 500: 500 boom"),
        ("API Error: API Error: boom", "the model's provider answered 500: boom"),
        ("Failed to authenticate. API Error: boom", "the model's provider answered 500: boom"),
        ("boom. If it persists, check your inference gateway at x", "the model's provider answered 500: boom."),
    ],
)
def test_the_message_says_what_the_provider_said_without_the_clis_advice(detail: str, message: str) -> None:
    assert provider_failure(500, detail=detail).message == message


def test_the_providers_own_name_for_the_error_is_kept() -> None:
    assert provider_failure(529, "overloaded_error").metadata == {
        "providerErrorType": "overloaded_error",
        "httpStatus": "529",
    }


def test_a_result_that_is_no_error_is_no_failure() -> None:
    assert result_failure({"is_error": False, "api_error_status": 500}) is None


def test_a_result_without_words_is_named_by_its_kind() -> None:
    failure = result_failure({"is_error": True, "subtype": "error_max_budget_usd"})
    assert failure is not None
    assert failure.message == "the turn reached its limit: error_max_budget_usd"


def test_usage_is_read_off_whatever_is_there() -> None:
    assert usage_of({}) == Usage()
    assert usage_of({"input_tokens": None, "output_tokens": 3, "service_tier": "x"}) == Usage(0, 3)
    whole = {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4}
    assert usage_of(whole, 0.5) == Usage(1, 2, 3, 4, 0.5)

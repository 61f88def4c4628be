"""Errors to statuses."""

import grpc
import pytest
from google.rpc import error_details_pb2
from hotseat import errors as client_errors
from hotseat.v1 import error_pb2
from hotseat_core import errors
from hotseat_core.errors import HotseatError, InvalidMessage, PoolFull, Reason
from hotseat_core.interceptors import CODES, status_of


def details(error: HotseatError) -> dict[str, object]:
    """What a status carries, by the name of its message."""
    found: dict[str, object] = {}
    for packed in status_of(error).details:
        kind = {
            "google.rpc.ErrorInfo": error_details_pb2.ErrorInfo,
            "google.rpc.BadRequest": error_details_pb2.BadRequest,
            "google.rpc.RetryInfo": error_details_pb2.RetryInfo,
        }[packed.TypeName()]()
        packed.Unpack(kind)
        found[packed.TypeName().rpartition(".")[2]] = kind
    return found


def test_every_reason_is_one_of_the_contracts_and_has_a_code() -> None:
    contract = {
        name.removeprefix("ERROR_REASON_"): number
        for name, number in error_pb2.ErrorReason.items()
        if number != error_pb2.ERROR_REASON_UNSPECIFIED
    }
    assert {reason.name: reason.value for reason in Reason} == contract
    assert {reason.name: code for reason, code in CODES.items()} == dict(client_errors.CODES)


def test_every_error_has_a_reason_of_its_own() -> None:
    """All but those that a client can do nothing about: their reason is INTERNAL."""
    kinds = [kind for kind in HotseatError.__subclasses__() if kind.__module__ == errors.__name__]
    told = [kind for kind in kinds if kind.reason is not Reason.INTERNAL]
    assert len({kind.reason for kind in told}) == len(told)


def test_a_status_says_why_and_what_about() -> None:
    found = status_of(PoolFull("full", metadata={"queued": "3"}))
    assert (found.code, found.message) == (grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], "full")
    info = details(PoolFull("full", metadata={"queued": "3"}))["ErrorInfo"]
    assert info == error_details_pb2.ErrorInfo(reason="POOL_FULL", domain="hotseat", metadata={"queued": "3"})


@pytest.mark.parametrize(("delay_s", "seconds", "nanos"), [(0.0, 0, 0), (1.5, 1, 500_000_000), (60.0, 60, 0)])
def test_a_retry_that_can_help_has_its_delay(delay_s: float, seconds: int, nanos: int) -> None:
    retry = details(PoolFull("full", retry_delay_s=delay_s))["RetryInfo"]
    assert isinstance(retry, error_details_pb2.RetryInfo)
    assert (retry.retry_delay.seconds, retry.retry_delay.nanos) == (seconds, nanos)


def test_a_field_is_told_as_a_violation() -> None:
    violation = details(InvalidMessage("x is wrong", metadata={"field": "x"}))["BadRequest"]
    assert isinstance(violation, error_details_pb2.BadRequest)
    assert [(found.field, found.description) for found in violation.field_violations] == [("x", "x is wrong")]


def test_what_no_retry_helps_has_no_delay_and_what_has_no_field_no_violation() -> None:
    assert set(details(PoolFull("full"))) == {"ErrorInfo"}

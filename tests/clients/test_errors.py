"""What a failed call or turn looks like to a caller."""

import grpc
import grpc.aio
import pytest
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from hotseat import HotseatError, pb, rpc_status
from hotseat.errors import CODES


def rpc_error(code: grpc.StatusCode, text: str, *trailers: tuple[str, str | bytes]) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailers), details=text)


def packed(*details: ErrorInfo | RetryInfo | BadRequest) -> bytes:
    anys = [Any() for _ in details]
    for holder, detail in zip(anys, details, strict=True):
        holder.Pack(detail)
    return bytes(Status(code=8, message="full", details=anys).SerializeToString())


def test_the_details_that_google_s_own_messages_wrote_are_read() -> None:
    info = ErrorInfo(reason="POOL_FULL", domain="hotseat", metadata={"queued": "128", "limit": "128"})
    data = packed(info, BadRequest(), RetryInfo(retry_delay=Duration(seconds=2, nanos=500_000_000)))

    error = HotseatError.from_rpc(
        rpc_error(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", ("x", "y"), (rpc_status.TRAILER, data))
    )

    assert (error.code, error.reason, error.message) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "POOL_FULL", "full")
    assert error.metadata == {"queued": "128", "limit": "128"}
    assert error.retry_delay == 2.5


@pytest.mark.parametrize(
    "trailers", [(), ((rpc_status.TRAILER, b"\xff\xff not a status"),), ((rpc_status.TRAILER, b""),)]
)
def test_a_status_without_readable_details_still_has_its_code_and_text(
    trailers: tuple[tuple[str, str | bytes], ...],
) -> None:
    error = HotseatError.from_rpc(rpc_error(grpc.StatusCode.UNAVAILABLE, "away", *trailers))

    assert (error.code, error.message, error.reason) == (grpc.StatusCode.UNAVAILABLE, "away", "")
    assert error.retry_delay is None


def test_an_error_without_text_is_named_after_its_code() -> None:
    assert str(HotseatError.from_rpc(rpc_error(grpc.StatusCode.CANCELLED, ""))) == "CANCELLED"


def test_an_error_inside_an_event_has_the_code_that_would_carry_it() -> None:
    error = HotseatError.from_error(
        pb.Error(
            reason=pb.ERROR_REASON_PROVIDER_LIMIT,
            message="slow down",
            metadata={"httpStatus": "429"},
            retry_delay=Duration(seconds=7),
        )
    )

    assert repr(error) == "HotseatError('slow down', code=RESOURCE_EXHAUSTED, reason='PROVIDER_LIMIT')"
    assert (error.metadata, error.retry_delay) == ({"httpStatus": "429"}, 7.0)


@pytest.mark.parametrize("reason", [0, 9999])
def test_an_unspecified_or_unknown_reason_is_no_reason(reason: int) -> None:
    error = HotseatError.from_error(pb.Error(reason=reason, message="new"))  # type: ignore[arg-type]

    assert (error.code, error.reason, error.message) == (grpc.StatusCode.UNKNOWN, "", "new")


def test_the_table_of_codes_is_the_one_in_the_proto() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name in pb.ErrorReason.keys()}  # noqa: SIM118
    assert set(CODES) == reasons - {"UNSPECIFIED"}

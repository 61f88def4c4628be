"""The generated stubs alone, without a client and without a server: what they send, and what they raise."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
import grpc_testing
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from hotseat import HotseatError, pb
from hotseat.errors import CODES
from hotseat.v1 import conversation_service_pb2, conversation_service_pb2_grpc

SERVICE = conversation_service_pb2.DESCRIPTOR.services_by_name["ConversationService"]
_DEADLINE_S = 30.0

Call = Callable[[Any], Any]


class Wire:
    """Stubs in a thread of a program's own, and the other end of what they say."""

    def __init__(self) -> None:
        self.channel = grpc_testing.channel([SERVICE], grpc_testing.strict_real_time())
        self.stub: Any = conversation_service_pb2_grpc.ConversationServiceStub(self.channel)

    def answered(self, method: str, request: Any, answer: Callable[[Any], None]) -> "Future[Any]":
        """What the stub makes of the answer to this request, which comes as it was sent."""
        with ThreadPoolExecutor(1) as program:
            future = program.submit(getattr(self.stub, method), request, timeout=_DEADLINE_S)
            _, sent, call = self.channel.take_unary_unary(SERVICE.methods_by_name[method])
            assert sent == request
            answer(call)
            future.exception(_DEADLINE_S)
        return future


def failure(reason: str, **metadata: str) -> list[tuple[str, bytes]]:
    """The details with which the core ends a call."""
    status = status_pb2.Status(code=CODES[reason].value[0], message="it happened")
    details = (
        error_details_pb2.ErrorInfo(domain="hotseat", reason=reason, metadata=metadata),
        error_details_pb2.RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
    )
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return [("grpc-status-details-bin", status.SerializeToString())]


def test_a_stub_without_asyncio_gets_its_answer() -> None:
    found = pb.GetConversationResponse(conversation=pb.Conversation(conversation_id="c1", turn_count=2))
    request = pb.GetConversationRequest(conversation_id="c1")
    future = Wire().answered("GetConversation", request, lambda call: call.terminate(found, (), grpc.StatusCode.OK, ""))
    assert future.result() == found


@pytest.mark.parametrize("reason", sorted(CODES))
def test_what_a_stub_raises_says_why(reason: str) -> None:
    request = pb.GetConversationRequest(conversation_id="c1")
    trailers = failure(reason, limit="requests")
    future = Wire().answered(
        "GetConversation", request, lambda call: call.terminate(None, trailers, CODES[reason], "it happened")
    )
    with pytest.raises(grpc.RpcError) as raised:
        future.result()
    error = HotseatError.from_rpc(raised.value)
    assert (error.code, error.reason, error.message) == (CODES[reason], reason, "it happened")
    assert (error.metadata, error.retry_delay) == ({"limit": "requests"}, 1.5)


def test_a_status_without_details_has_no_reason() -> None:
    request = pb.DeleteConversationRequest(conversation_id="c1")
    future = Wire().answered(
        "DeleteConversation", request, lambda call: call.terminate(None, (), grpc.StatusCode.UNAVAILABLE, "")
    )
    with pytest.raises(grpc.RpcError) as raised:
        future.result()
    error = HotseatError.from_rpc(raised.value)
    assert (error.code, error.reason, error.message) == (grpc.StatusCode.UNAVAILABLE, "", "UNAVAILABLE")


def test_an_error_of_somebody_elses_has_its_text() -> None:
    error = HotseatError.from_rpc(grpc.RpcError("no channel"))
    assert (error.code, error.reason, error.message) == (grpc.StatusCode.UNKNOWN, "", "no channel")

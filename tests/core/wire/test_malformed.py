"""Bytes that are no message are the caller's mistake, whatever they were sent to."""

from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from hotseat import pb
from hotseat.v1 import conversation_service_pb2, pool_service_pb2

from tests.core.service.conftest import House, OpenHouse, open_house, outcome

__all__ = ["open_house"]

_DEEP = b"\x0a\x02\x08\x01"
for _ in range(120):  # a message in a message in a message
    _length = len(_DEEP)
    _DEEP = b"\x0a" + (bytes([_length]) if _length < 128 else bytes([_length % 128 + 128, _length // 128])) + _DEEP
MALFORMED = {
    "no protobuf": b"\xff\xff\xff\xff",
    "cut off": b"\x0a\x7fabc",
    "an unending number": b"\x08" + b"\xff" * 11,
    "a group that does not end": b"\x0b\x0b\x0b",
    "the end of no group": b"\x0c",
    "JSON": b'{"conversation_id":"c"}',
}
METHODS = [
    (f"/{service.full_name}/{method.name}", bool(method.client_streaming))
    for file in (conversation_service_pb2, pool_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
] + [
    ("/grpc.health.v1.Health/Check", False),
    ("/grpc.health.v1.Health/Watch", False),
    ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", True),
]


def raw(house: House) -> Any:
    """The channel, for methods that are sent, and send, bytes."""
    return house.channel


async def refusal(house: House, method: str, streams: bool, data: bytes) -> tuple[grpc.StatusCode, str, dict[str, Any]]:
    """How a call of one message ends, which is not well."""
    if streams:
        call = raw(house).stream_stream(method)()
        await call.write(data)
        await call.done_writing()
    else:
        call = raw(house).unary_stream(method)(data)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async for _ in call:
            pass
    return outcome(caught.value)


async def test_every_method_calls_what_does_not_parse_malformed(
    open_house: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(METHODS) > 20
    async with open_house() as house:
        for method, streams in METHODS:
            for what, data in MALFORMED.items():
                code, reason, details = await refusal(house, method, streams, data)
                said = (method, what, code.name, reason)
                assert said == (method, what, "INVALID_ARGUMENT", "INVALID_MESSAGE")
                assert details["ErrorInfo"] == error_details_pb2.ErrorInfo(reason=reason, domain="hotseat")
        assert (await (await house.open()).ask("[[say hi]]")).text
    assert [record for record in caplog.records if record.levelname in ("ERROR", "CRITICAL")] == []


@pytest.mark.parametrize("method", ["GetConversation", "ExportConversation", "ForkConversation"])
async def test_a_text_that_is_not_utf8_is_malformed(open_house: OpenHouse, method: str) -> None:
    async with open_house() as house:
        path = f"/hotseat.v1.ConversationService/{method}"
        code, reason, _ = await refusal(house, path, False, b"\x0a\x02\xff\xfe")
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")


async def test_messages_without_end_in_each_other_are_malformed(open_house: OpenHouse) -> None:
    async with open_house() as house:
        code, reason, _ = await refusal(house, "/hotseat.v1.ConversationService/Converse", True, _DEEP)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")


async def test_the_message_says_what_to_look_for_and_nothing_of_python(open_house: OpenHouse) -> None:
    async with open_house() as house:
        call = raw(house).unary_unary("/hotseat.v1.PoolService/GetPool")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call(b"\xff")
    said = caught.value.details() or ""
    assert "not protobuf" in said
    assert not [word for word in ("Python", "Error", "Exception", "google.") if word in said]
    assert rpc_status.from_call(caught.value) is not None  # type: ignore[arg-type] # it has what is needed of a call


async def test_malformed_in_mid_stream_ends_the_stream_alone(open_house: OpenHouse) -> None:
    async with open_house() as house:
        call = raw(house).stream_stream("/hotseat.v1.ConversationService/Converse")()
        await call.write(pb.ConverseRequest(open=pb.OpenConversation(conversation_id="c")).SerializeToString())
        assert await call.read()
        await call.write(b"\xff\xff")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call.read()
        assert outcome(caught.value)[:2] == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_MESSAGE")
        assert (await (await house.open()).ask("[[say hi]]")).text


async def test_fields_of_a_newer_client_are_ignored(open_house: OpenHouse) -> None:
    async with open_house() as house:
        call = raw(house).unary_unary("/hotseat.v1.PoolService/GetPool")
        assert await call(b"\xf2\x7f\x03new\xf8\x7f\x01")

"""How calls end, by what the core says last."""

import base64

import grpc
import pytest
from hotseat_edge.http2 import heads
from hotseat_edge.http2.channel import Address, address_of
from hpack import NeverIndexedHeaderTuple

_Code = grpc.StatusCode
# google.rpc.Status{details: [ErrorInfo{reason: POOL_FULL}]}
_TYPE = b"type.googleapis.com/google.rpc.ErrorInfo"
_INFO = b"\x0a\x09POOL_FULL"
_ANY = b"\x0a" + bytes([len(_TYPE)]) + _TYPE + b"\x12" + bytes([len(_INFO)]) + _INFO
DETAILS = base64.b64encode(b"\x1a" + bytes([len(_ANY)]) + _ANY).decode().rstrip("=")


@pytest.mark.parametrize(
    ("fields", "code", "message", "reason"),
    [
        ({"grpc-status": "8", "grpc-message": "it is full %C3%A4"}, _Code.RESOURCE_EXHAUSTED, "it is full ä", ""),
        ({"grpc-status": "8", "grpc-status-details-bin": DETAILS}, _Code.RESOURCE_EXHAUSTED, None, "POOL_FULL"),
        ({"grpc-status": "8", "grpc-status-details-bin": "ä"}, _Code.RESOURCE_EXHAUSTED, None, ""),
        ({"grpc-status": "99", "grpc-message": "new"}, _Code.UNKNOWN, "new", ""),
        ({"grpc-status": "zero"}, _Code.UNKNOWN, None, ""),
        ({}, _Code.UNKNOWN, "what answers in place of the core says HTTP status nothing", ""),
        ({":status": "200"}, _Code.UNKNOWN, "the core ended a call without a status", ""),
        ({":status": "503"}, _Code.UNAVAILABLE, "what answers in place of the core says HTTP status 503", ""),
        ({":status": "404"}, _Code.UNIMPLEMENTED, None, ""),
        ({":status": "418"}, _Code.UNKNOWN, None, ""),
    ],
)
def test_a_failure_is_told_as_grpc_tells_it(
    fields: dict[str, str], code: grpc.StatusCode, message: str | None, reason: str
) -> None:
    failure = heads.ending(list(fields.items()))
    assert failure is not None
    assert (failure.code, failure.reason) == (code, reason)
    assert message is None or failure.message == message


def test_a_call_that_ended_well_has_no_failure() -> None:
    assert heads.ending([("grpc-status", "0"), ("grpc-message", "")]) is None


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (0, _Code.INTERNAL),
        (2, _Code.INTERNAL),
        (7, _Code.UNAVAILABLE),
        (8, _Code.CANCELLED),
        (11, _Code.RESOURCE_EXHAUSTED),
    ],
)
def test_a_call_that_is_cut_off_fails_as_grpc_has_it(number: int, code: grpc.StatusCode) -> None:
    assert heads.cut_off(number).code == code


def test_a_call_begins_as_grpc_has_it() -> None:
    head = heads.request("/a.B/C", "localhost", (("authorization", "Bearer hs_1"),))
    fields = dict(heads.fields(head))
    assert list(fields)[:4] == [":method", ":scheme", ":path", ":authority"]
    assert fields[":path"] == "/a.B/C"
    assert (fields[":method"], fields["te"], fields["content-type"]) == ("POST", "trailers", "application/grpc")
    assert (fields[":authority"], fields["authorization"]) == ("localhost", "Bearer hs_1")


def test_keys_are_kept_in_no_table_of_either_side() -> None:
    head = heads.request("/a.B/C", "localhost", (("authorization", "Bearer hs_1"), ("hotseat-tenant", "t")))
    kept_out = [name for name, _ in heads.fields(entry for entry in head if isinstance(entry, NeverIndexedHeaderTuple))]
    assert kept_out == ["authorization", "hotseat-tenant"]


def test_bytes_that_are_no_text_are_read_all_the_same() -> None:
    assert heads.fields([(b"grpc-message", b"\xff\xfe")]) == [("grpc-message", "\xff\xfe")]


@pytest.mark.parametrize(
    ("target", "address", "authority"),
    [
        ("127.0.0.1:50051", Address(host="127.0.0.1", port=50051), "127.0.0.1:50051"),
        ("core.example:443", Address(host="core.example", port=443), "core.example:443"),
        ("dns:///core:1", Address(host="core", port=1), "core:1"),
        ("[::1]:50051", Address(host="::1", port=50051), "[::1]:50051"),
        ("unix:/run/a.sock", Address(socket="/run/a.sock"), "localhost"),
        ("unix:///run/a.sock", Address(socket="/run/a.sock"), "localhost"),
        ("unix:a.sock", Address(socket="a.sock"), "localhost"),
    ],
)
def test_an_address_is_known(target: str, address: Address, authority: str) -> None:
    assert address_of(target) == address
    assert address.authority == authority


@pytest.mark.parametrize(
    "target",
    [
        *("core", "core:", ":1", "core:http", "core:0", "core:65536", "::1", "[::1:1", "a:1,b:2", "unix-abstract:a"),
        *("ipv4:127.0.0.1:1", "ipv4:1.1.1.1:1,2.2.2.2:2", "xds:///core:1", "dns://8.8.8.8/core:1"),
    ],
)
def test_what_is_more_than_an_address_is_left_to_grpc(target: str) -> None:
    assert address_of(target) is None

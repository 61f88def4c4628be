"""What a gRPC call says before and after its messages. Pure."""

import base64
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import unquote

import grpc
import grpc.aio
from h2.errors import ErrorCodes
from hotseat import HotseatError
from hpack import HeaderTuple, NeverIndexedHeaderTuple

Field = tuple[str, str]

_Code = grpc.StatusCode
_BY_NUMBER = {code.value[0]: code for code in _Code}
# What becomes of an answer that is no gRPC's, a proxy's say: doc/http-grpc-status-mapping.md of gRPC.
_BY_STATUS: Mapping[str, grpc.StatusCode] = {
    "400": _Code.INTERNAL,
    "401": _Code.UNAUTHENTICATED,
    "403": _Code.PERMISSION_DENIED,
    "404": _Code.UNIMPLEMENTED,
    "429": _Code.UNAVAILABLE,
    "502": _Code.UNAVAILABLE,
    "503": _Code.UNAVAILABLE,
    "504": _Code.UNAVAILABLE,
}
# What it means that the server ends a stream at once: doc/PROTOCOL-HTTP2.md of gRPC.
_BY_RESET: Mapping[int, grpc.StatusCode] = {
    ErrorCodes.REFUSED_STREAM: _Code.UNAVAILABLE,  # the server has not looked at it
    ErrorCodes.CANCEL: _Code.CANCELLED,
    ErrorCodes.ENHANCE_YOUR_CALM: _Code.RESOURCE_EXHAUSTED,
    ErrorCodes.INADEQUATE_SECURITY: _Code.PERMISSION_DENIED,
}


@lru_cache(maxsize=64)
def request(path: str, authority: str, metadata: tuple[Field, ...]) -> tuple[HeaderTuple, ...]:
    """What begins a call. The metadata are written out each time and kept in no table: keys are among them."""
    ours = {
        ":method": "POST",
        ":scheme": "http",
        ":path": path,
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
        "user-agent": "hotseat-edge",
    }
    known = (HeaderTuple(name.encode(), value.encode()) for name, value in ours.items())
    return (*known, *(NeverIndexedHeaderTuple(name.encode(), value.encode()) for name, value in metadata))


def fields(headers: Iterable[tuple[bytes, bytes]]) -> list[Field]:
    """The header fields as text, whatever their bytes."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def refusal(fields: Iterable[Field]) -> HotseatError | None:
    """What is wrong with how an answer begins; None: nothing."""
    status = next((value for name, value in fields if name == ":status"), "")
    if status == "200":
        return None
    message = f"what answers in place of the core says HTTP status {status or 'nothing'}"
    return HotseatError(message, code=_BY_STATUS.get(status, _Code.UNKNOWN))


def ending(fields: list[Field]) -> HotseatError | None:
    """The failure that a call's trailers tell of; None: it has ended well."""
    told = dict(fields)
    status = told.get("grpc-status")
    if status is None:
        return refusal(fields) or HotseatError("the core ended a call without a status", code=_Code.UNKNOWN)
    code = _BY_NUMBER.get(int(status), _Code.UNKNOWN) if status.isascii() and status.isdigit() else _Code.UNKNOWN
    if code is _Code.OK:
        return None
    trailers = grpc.aio.Metadata(*((name, _value(name, value)) for name, value in fields if not name.startswith(":")))
    details = unquote(told.get("grpc-message", ""))
    return HotseatError.from_rpc(grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailers, details=details))


def _value(name: str, value: str) -> str | bytes:
    if not name.endswith("-bin"):
        return value
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:  # its code and text still count
        return b""


def cut_off(reset_code: int) -> HotseatError:
    """The failure of a call that the server has ended at once."""
    code = _BY_RESET.get(reset_code, _Code.INTERNAL)
    return HotseatError(f"the core cut the call off (HTTP/2 error {reset_code})", code=code)


def garbled(why: str) -> HotseatError:
    """The failure of a call in which something came that is no message."""
    return HotseatError(f"the core sent what can't be read: {why}", code=_Code.INTERNAL)


def lost(why: str) -> HotseatError:
    """The failure of a call whose connection broke, or never came about."""
    return HotseatError(why, code=_Code.UNAVAILABLE)

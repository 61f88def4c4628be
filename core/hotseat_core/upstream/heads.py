"""The heads of requests and answers as they pass the proxy: who may ask what, and what each side gets to see."""

import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

Headers = Sequence[tuple[bytes, bytes]]  # names in lower case

# Of one connection only, and so never passed on.
_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
# The proxy writes these itself. The answer comes as it is: it is read on its way, and packing would only delay it.
_REWRITTEN = frozenset({b"host", b"content-length", b"accept-encoding", b"x-api-key", b"authorization", b"cookie"})

# All that the CLI asks. What else a credential may do (list files, read an organisation's usage) is nobody's business.
_ALLOWED = {
    "/v1/messages": b"POST",
    "/v1/messages/count_tokens": b"POST",
    "/v1/models": b"GET",
}


def is_allowed(method: bytes, target: bytes, base_path: str) -> bool:
    """Tell whether a worker may ask this of the provider."""
    path, _, _ = target.partition(b"?")
    text = path.decode("latin-1")
    if not text.startswith(f"{base_path}/") or unquote(text) != text:
        return False
    wanted = text[len(base_path) :]
    if wanted.startswith("/v1/models/") and "/" not in wanted.removeprefix("/v1/models/"):
        return method == b"GET" and ".." not in wanted
    return _ALLOWED.get(wanted) == method


def shows_token(headers: Headers, token: bytes) -> bool:
    """Tell whether a request carries this token, in either of the headers that the CLI uses."""
    shown = [value for name, value in headers if name == b"x-api-key"]
    shown += [value[7:] for name, value in headers if name == b"authorization" and value[:7].lower() == b"bearer "]
    return len(shown) == 1 and hmac.compare_digest(shown[0], token)


def request_head(
    method: bytes,
    target: bytes,
    headers: Headers,
    *,
    authority: str,
    credential: Iterable[bytes],
    size: int,
    trace: Headers = (),
) -> bytes:
    """Return the head of the request as the provider sees it, with whole header lines of the credential.

    trace: headers of ours, in place of those of the same names.
    """
    dropped = _HOP_BY_HOP | _REWRITTEN | _named_by_connection(headers) | {name for name, _ in trace}
    lines = [method + b" " + target + b" HTTP/1.1", b"host: " + authority.encode(), *credential]
    lines += [name + b": " + value for name, value in headers if name not in dropped]
    lines += [name + b": " + value for name, value in trace]
    lines += [b"accept-encoding: identity", b"connection: keep-alive"]
    if size or method == b"POST":
        lines.append(b"content-length: %d" % size)
    return b"\r\n".join([*lines, b"", b""])


def answer_head(status: int, reason: bytes, headers: Headers, *, length: bytes | None) -> bytes:
    """Return the head of the answer as the worker sees it. length: of the body; None: it comes in chunks."""
    dropped = _HOP_BY_HOP | _named_by_connection(headers) | {b"content-length"}
    lines = [b"HTTP/1.1 %d " % status + reason]
    lines += [name + b": " + value for name, value in headers if name not in dropped]
    lines.append(b"transfer-encoding: chunked" if length is None else b"content-length: " + length)
    return b"\r\n".join([*lines, b"", b""])


def chunk(body: bytes) -> bytes:
    """Return a piece of a body as a chunk."""
    return b"%x\r\n%b\r\n" % (len(body), body)


LAST_CHUNK = b"0\r\n\r\n"


def find(headers: Headers, wanted: bytes) -> bytes | None:
    """Return the first value of a header."""
    return next((value for name, value in headers if name == wanted), None)


def _named_by_connection(headers: Headers) -> set[bytes]:
    value = find(headers, b"connection")
    return {name.strip().lower() for name in value.split(b",")} if value is not None else set()

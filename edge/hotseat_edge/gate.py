"""Which requests may come in at all: by the name they call us, and by the page that they come from. No I/O.

A page of any site can make its visitor's browser send requests to 127.0.0.1. Such a request gives itself away by its
Host (where a name was rebound to us), its Origin, or its Sec-Fetch-Site; no program but a browser sends the last two.
"""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from hotseat_serving.exposure import is_loopback

from hotseat_edge.openai.errors import ApiError

_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")
_TOKENS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{0,1024}")
_FORBIDDEN = "permission_error"
_PREFLIGHT = "Access-Control-Request-Method"


class Gate:
    """Takes in what is addressed to a name of ours and comes from no page but our own, or one that was allowed."""

    def __init__(self, bound_to: str, hosts: Iterable[str], origins: Iterable[str]) -> None:
        self._takes_addresses = not is_loopback(bound_to)
        self._bound_name = [bound_to.lower()] if _address(bound_to) is None else []
        self.let_in(hosts, origins)

    def let_in(self, hosts: Iterable[str], origins: Iterable[str]) -> None:
        """From now on take in what is addressed to these hosts, and comes from these origins."""
        hosts = tuple(hosts)
        self._names = frozenset(("localhost", *self._bound_name, *(name for name in hosts if name[0] != ".")))
        self._suffixes = tuple(name for name in hosts if name[0] == ".")
        self._origins = frozenset(origins)
        self._knows = lru_cache(maxsize=256)(self._is_ours)

    def check(self, method: str, headers: Mapping[str, str], target_host: str | None = None) -> dict[str, str]:
        """What the answer's headers shall say of other origins; target_host is that of an absolute request target.

        Raises ApiError where the request may not come in.
        """
        host = headers.get("Host", "")
        if not host:
            raise ApiError("The request has no Host header.", code="bad_request", param="Host")
        if not self._knows(host) or (target_host is not None and not self._knows(target_host)):
            raise _wrong_host(host if target_host is None else target_host)
        origin = headers.get("Origin")
        if origin is None:
            if not _is_at_home(method, headers):
                raise _wrong_origin("another site's page")
            return {}
        if origin in self._origins:
            return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "*", "Vary": "Origin"}
        if origin.partition("://")[2] != host:
            raise _wrong_origin(f"the origin {origin[:100]!r}")
        return {}

    def _is_ours(self, authority: str) -> bool:
        found = _AUTHORITY.fullmatch(authority)
        if found is None:
            return False
        name = found["host"].strip("[]").lower()
        return name in self._names or name.endswith(self._suffixes) or self._is_address(name)

    def _is_address(self, name: str) -> bool:
        # No name that is rebound to us can be a literal address: where others may reach us, any address will do.
        address = _address(name)
        if address is None or address.is_unspecified:
            return False
        return _is_loopback(address) or self._takes_addresses


def preflight(method: str, headers: Mapping[str, str], allowed: Mapping[str, str]) -> dict[str, str] | None:
    """What to answer to a browser that asks before it sends; None: this is no such question."""
    if method != "OPTIONS" or not allowed or _PREFLIGHT not in headers:
        return None
    wanted = headers.get("Access-Control-Request-Headers", "")
    granted = {
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Headers": wanted if _TOKENS.fullmatch(wanted) else "",
        "Access-Control-Max-Age": "600",
    }
    if headers.get("Access-Control-Request-Private-Network") == "true":
        granted["Access-Control-Allow-Private-Network"] = "true"
    return granted


def _is_at_home(method: str, headers: Mapping[str, str]) -> bool:
    """Whether no page, or one of our own, or a link that somebody has followed, is behind the request."""
    site = headers.get("Sec-Fetch-Site")
    if site in (None, "none", "same-origin"):
        return True
    followed = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    return followed and method in ("GET", "HEAD")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _is_loopback(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # Not ::ffff:127.0.0.1: nobody who means well writes it so.
    return address.is_loopback and (address.version == 4 or address.ipv4_mapped is None)


def _wrong_host(host: str) -> ApiError:
    message = (
        f"{host[:100]!r} is no name of this server. If it should be one, add it to HOTSEAT_ALLOWED_HOSTS of the edge."
    )
    return ApiError(message, status=403, kind=_FORBIDDEN, code="host_not_allowed", param="Host")


def _wrong_origin(who: str) -> ApiError:
    message = f"Requests from {who} are refused. If it is yours, add its origin to HOTSEAT_CORS_ORIGINS of the edge."
    return ApiError(message, status=403, kind=_FORBIDDEN, code="origin_not_allowed", param="Origin")

"""The sessions of the pages, as their requests show them: one half in a cookie, the other in a header. No I/O.

Cookies know no ports: whatever else runs on this machine, on another port, gets them too, and so does a request that
another site's page has made. The half in the cookie (HttpOnly) is of no use without the one that only a page of our own
origin has, and that half is of none to a script that was smuggled in elsewhere.
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

CSRF_HEADER = "X-Hotseat-CSRF"
_NAME = "hotseat_session"
_LONGEST = 256


def name_for(host: str) -> str:
    """The cookie's name for a server of this Host: two on one machine, at two ports, keep apart."""
    _, colon, port = host.rpartition(":")
    return f"{_NAME}_{port}" if colon and port.isdigit() else _NAME


def halves(secret: str) -> tuple[str, str]:
    """A session's secret in two: for the cookie, and for the page."""
    middle = len(secret) // 2
    return secret[:middle], secret[middle:]


def session_in(headers: Mapping[str, str]) -> str:
    """The secret of the session that a request of our own pages shows; empty: it shows none."""
    half = headers.get(CSRF_HEADER, "")
    if not headers.get("Cookie") or not _is_own(headers):
        return ""
    try:
        found = SimpleCookie(headers["Cookie"]).get(name_for(headers.get("Host", "")))
    except CookieError:
        return ""
    if found is None or not half:
        return ""
    secret = found.value + half
    return secret if len(secret) <= _LONGEST and secret.isascii() and secret.isprintable() else ""


def _is_own(headers: Mapping[str, str]) -> bool:
    """Whether a page of this very origin has sent it; no origin that may converse (HOTSEAT_CORS_ORIGINS) will do."""
    origin = headers.get("Origin")
    same_origin = origin is None or origin.partition("://")[2] == headers.get("Host")
    return same_origin and headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def keeping(headers: Mapping[str, str], value: str, lasts_s: int) -> str:
    """The Set-Cookie header that keeps this half for so long; 0: that forgets it."""
    is_secure = headers.get("Origin", "").startswith("https://")
    secure = "; Secure" if is_secure else ""
    name = name_for(headers.get("Host", ""))
    return f"{name}={value}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Strict{secure}"

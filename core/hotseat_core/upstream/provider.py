"""Where the model's provider is, and the way there. Values only."""

import base64
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

DEFAULT_BASE_URL = "https://api.anthropic.com"
_PORTS = {"http": 80, "https": 443}


class WrongUrlError(ValueError):
    """A base URL or the address of an HTTP proxy that can't be used; the message says what is allowed."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An HTTP server that speaks the Messages API."""

    host: str
    port: int
    is_tls: bool
    path: str = ""  # that all of its paths begin with; no slash at its end

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.is_tls else "http"] else f"{host}:{self.port}"

    @property
    def plain_url(self) -> str:
        """Its URL without TLS, as workers are told it.

        The CLI speaks plain HTTP to its socket, and decides by the host's name what it asks of the provider.
        """
        return f"http://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True)
class Way:
    """How to get there: straight, or through an HTTP proxy."""

    host: str
    port: int
    is_tunnelled: bool = False  # the HTTP proxy is asked for a tunnel
    target_prefix: bytes = b""  # an HTTP proxy without a tunnel wants whole URLs
    proxy_authorization: bytes = field(default=b"", repr=False)


def parse_provider(base_url: str) -> Provider:
    """Return the provider at a base URL; empty: Anthropic's own. Raises WrongUrlError."""
    parts = _split(base_url or DEFAULT_BASE_URL, "ANTHROPIC_BASE_URL")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise WrongUrlError("ANTHROPIC_BASE_URL may hold no user, no query and no fragment")
    is_tls = parts.scheme == "https"
    return Provider(parts.hostname or "", parts.port or _PORTS[parts.scheme], is_tls, parts.path.rstrip("/"))


def way_to(provider: Provider, environment: Mapping[str, str]) -> Way:
    """Return the way there, by the usual variables for HTTP proxies. Raises WrongUrlError."""
    scheme = "https" if provider.is_tls else "http"
    name = next((name for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()) if environment.get(name)), "")
    exceptions = environment.get("no_proxy") or environment.get("NO_PROXY", "")
    if not name or urllib.request.proxy_bypass_environment(  # type: ignore[attr-defined] # documented, not in the stub
        f"{provider.host}:{provider.port}", {"no": exceptions}
    ):
        return Way(provider.host, provider.port)
    address = environment[name] if "://" in environment[name] else f"http://{environment[name]}"
    parts = _split(address, name)
    if parts.scheme != "http":
        raise WrongUrlError(f"{name}: only HTTP proxies that are themselves reached without TLS can be used")
    prefix = b"" if provider.is_tls else f"http://{provider.authority}".encode()
    return Way(parts.hostname or "", parts.port or 80, provider.is_tls, prefix, _basic(parts.username, parts.password))


def _split(url: str, name: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("ascii")
    except ValueError:
        is_fine = False
    if not is_fine or not url.isprintable() or " " in url:
        raise WrongUrlError(f"{name} can't be used: it must be a URL such as https://host or http://host:8080/path")
    return parts


def _basic(user: str | None, password: str | None) -> bytes:
    if user is None:
        return b""
    return b"Basic " + base64.b64encode(f"{unquote(user)}:{unquote(password or '')}".encode())

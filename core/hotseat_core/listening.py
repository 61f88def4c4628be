"""Where the core listens, with which certificates, and whether it may."""

import ssl
from collections.abc import Callable
from pathlib import Path

import grpc
from hotseat_serving.exposure import is_loopback, refusal
from hotseat_serving.renewed import Renewed

from hotseat_core.access.keyring import Keyring
from hotseat_core.access.mode import AuthMode, auth_mode
from hotseat_core.access_interceptor import secret_in
from hotseat_core.errors import Unauthenticated
from hotseat_core.settings import CoreSettings


class CannotListenError(Exception):
    """The address can't be bound, or must not be."""


def mode_of(settings: CoreSettings, *, needs_key: bool) -> AuthMode:
    """Return how callers are let in."""
    is_insecure = settings.insecure_no_auth and not (settings.socket or is_loopback(settings.host))
    return auth_mode(needs_key=needs_key, has_client_ca=bool(settings.tls_client_ca), is_insecure=is_insecure)


def check_exposure(settings: CoreSettings, mode: AuthMode) -> None:
    """Raise CannotListenError where strangers would be let in."""
    if settings.insecure_no_auth:
        return
    if mode is AuthMode.OPEN and not settings.socket and not is_loopback(settings.host):
        raise CannotListenError(refusal("the core", settings.host))
    # Metrics are plain HTTP: a client certificate is of no use there.
    if mode is not AuthMode.KEYS and settings.metrics_port is not None and not is_loopback(settings.metrics_host):
        raise CannotListenError(refusal("the core's metrics", settings.metrics_host))


def reader_check(settings: CoreSettings, keyring: Keyring) -> Callable[[str], bool]:
    """Return what says whether a request for metrics with this Authorization header is answered."""
    if is_loopback(settings.metrics_host) or settings.insecure_no_auth:
        return lambda _: True

    def may_read(authorization: str) -> bool:
        try:
            return keyring.identify(secret_in([("authorization", authorization)] if authorization else [])).is_admin
        except Unauthenticated:
            return False

    return may_read


def bind(server: grpc.aio.Server, settings: CoreSettings) -> str:
    """Bind the address, and return it as gRPC writes it. Raises CannotListenError."""
    if settings.socket:
        return _bind_socket(server, Path(settings.socket).absolute())
    address = f"{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"
    credentials = _credentials(settings)
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as exc:
        raise CannotListenError(
            f"{address} can't be bound; is another core running? Choose with HOTSEAT_CORE_PORT"
        ) from exc
    return f"{address.rpartition(':')[0]}:{port}"


def _bind_socket(server: grpc.aio.Server, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    server.add_insecure_port(f"unix:{path}")
    path.chmod(0o600)
    return f"unix:{path}"


def _credentials(settings: CoreSettings) -> grpc.ServerCredentials | None:
    """How clients are talked to, with the files as they are when each connects; None: in plain text."""
    if not settings.tls_cert:
        return None
    files = [settings.tls_cert, settings.tls_key, settings.tls_client_ca]
    renewed = Renewed(files, lambda: _certificates(settings), CannotListenError)
    return grpc.dynamic_ssl_server_credentials(
        renewed.current(), renewed.current, require_client_authentication=bool(settings.tls_client_ca)
    )


def _certificates(settings: CoreSettings) -> grpc.ServerCertificateConfiguration:
    """Raises CannotListenError where the files can't be used: gRPC itself would not say so."""
    cert, key = _read(settings.tls_cert, "HOTSEAT_CORE_TLS_CERT"), _read(settings.tls_key, "HOTSEAT_CORE_TLS_KEY")
    ca = _read(settings.tls_client_ca, "HOTSEAT_CORE_TLS_CLIENT_CA") if settings.tls_client_ca else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(Path(settings.tls_cert).expanduser(), Path(settings.tls_key).expanduser())
        if ca is not None:
            context.load_verify_locations(cadata=ca.decode("ascii", "replace"))
    except (OSError, ValueError) as exc:  # ssl's errors are of these kinds
        names = "HOTSEAT_CORE_TLS_CERT, HOTSEAT_CORE_TLS_KEY, HOTSEAT_CORE_TLS_CLIENT_CA"
        raise CannotListenError(f"{names} can't be used: {exc}") from exc
    return grpc.ssl_server_certificate_configuration([(key, cert)], root_certificates=ca)


def _read(file: str, setting: str) -> bytes:
    try:
        return Path(file).expanduser().read_bytes()
    except OSError as exc:
        raise CannotListenError(f"{setting}={file}: {exc.strerror}") from exc

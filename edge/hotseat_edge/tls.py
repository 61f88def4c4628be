"""Certificates: those that the edge shows, those that it asks for, and those with which it reaches the core."""

import os
import ssl
from collections.abc import Callable
from typing import TypeVar

import grpc
from hotseat import tls
from hotseat_serving.renewed import Renewed

from hotseat_edge.settings import BadSetting, Settings

Found = TypeVar("Found")


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """How HTTP clients are talked to, with the files as they are when each connects. None: in plain text.

    Raises BadSetting.
    """
    if not settings.tls_cert:
        return None
    files = [settings.tls_cert, settings.tls_key, settings.tls_client_ca]
    names = "HOTSEAT_TLS_CERT, HOTSEAT_TLS_KEY, HOTSEAT_TLS_CLIENT_CA"
    renewed = Renewed(files, lambda: _load(lambda: _context(settings), names), BadSetting)
    first = renewed.current()

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = renewed.current()

    first.sni_callback = choose  # called for every client, whether it names a server or not
    return first


def renew(context: ssl.SSLContext, settings: Settings) -> None:
    """Show who connects from now on the certificate as its files have it now. Raises BadSetting, and shows the old."""
    # A chain whose key does not fit would take the place of the one that does: it is tried on another context first.
    _load(lambda: _context(settings), "HOTSEAT_TLS_CERT, HOTSEAT_TLS_KEY")
    context.load_cert_chain(settings.tls_cert, settings.tls_key)


def _context(settings: Settings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_cert, settings.tls_key)
    if settings.tls_client_ca:
        context.load_verify_locations(settings.tls_client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def core_credentials(settings: Settings) -> Callable[[], grpc.ChannelCredentials] | None:
    """How the core is talked to, with the files as they are whenever it is asked; None: in plain text.

    Raises BadSetting.
    """
    if not settings.core_ca:
        return None
    cert, key = settings.core_client_cert or None, settings.core_client_key or None
    names = "HOTSEAT_CORE_CA, HOTSEAT_CORE_CLIENT_CERT, HOTSEAT_CORE_CLIENT_KEY"
    files = [settings.core_ca, settings.core_client_cert, settings.core_client_key]
    return Renewed(files, lambda: _load(lambda: _shown(settings.core_ca, cert, key), names), BadSetting).current


def _shown(ca: str, cert: str | None, key: str | None) -> grpc.ChannelCredentials:
    if cert is not None:
        # gRPC would take a chain and a key of another one, and fail with each connection.
        ssl.create_default_context().load_cert_chain(*(os.path.expanduser(file or "") for file in (cert, key)))
    return tls.credentials(ca, cert=cert, key=key)


def _load(read: Callable[[], Found], names: str) -> Found:
    try:
        return read()
    except (OSError, ssl.SSLError) as error:
        raise BadSetting(f"{names}: {error.strerror or error}") from error

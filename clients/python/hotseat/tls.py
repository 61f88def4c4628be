"""Credentials for TLS, of files."""

from pathlib import Path

import grpc


def credentials(
    ca: str | Path | None = None, *, cert: str | Path | None = None, key: str | Path | None = None
) -> grpc.ChannelCredentials:
    """Credentials for `Client(..., credentials=...)`. ca: whom to trust, as PEM; None: whom gRPC trusts.

    cert and key: this client's own certificate, where the core asks for one. Raises OSError.
    """
    return grpc.ssl_channel_credentials(_read(ca), _read(key), _read(cert))


def _read(file: str | Path | None) -> bytes | None:
    return None if file is None else Path(file).expanduser().read_bytes()

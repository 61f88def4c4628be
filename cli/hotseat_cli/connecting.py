"""A client for the core, with the key and the certificates of the settings."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hotseat import Client, tls

from hotseat_cli import settings


def connected(values: Mapping[str, str], *, tenant: str = "", **options: Any) -> Client:
    """A client, to be made inside a running loop. Raises SettingsError."""
    return Client(
        settings.core_target(values),
        api_key=api_key(values),
        tenant=tenant,
        credentials=_credentials(values),
        **options,
    )


def api_key(values: Mapping[str, str]) -> str:
    """The key that this command shows; empty: none. Raises SettingsError."""
    if file := values.get("HOTSEAT_API_KEY_FILE"):
        try:
            return Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise settings.SettingsError(f"HOTSEAT_API_KEY_FILE: {error}") from error
    return values.get("HOTSEAT_API_KEY", "").strip()


def _credentials(values: Mapping[str, str]) -> Any:
    ca = values.get("HOTSEAT_CORE_CA")
    if not ca:
        return None
    try:
        return tls.credentials(
            ca, cert=values.get("HOTSEAT_CORE_CLIENT_CERT") or None, key=values.get("HOTSEAT_CORE_CLIENT_KEY") or None
        )
    except (OSError, ssl.SSLError) as error:
        raise settings.SettingsError(f"HOTSEAT_CORE_CA, HOTSEAT_CORE_CLIENT_CERT or _KEY: {error}") from error

"""Whom the servers' addresses let in, as far as can be told before they start."""

from collections.abc import Mapping
from pathlib import Path

from hotseat_serving.exposure import is_loopback, refusal

from hotseat_cli.failure import CommandFailed
from hotseat_cli.operate.keyring import kept
from hotseat_cli.supervisor import ServerFailed

# A client's certificate will do where a key would. Metrics are plain HTTP, and know none.
_ADMITTING = {"HOTSEAT_HOST": "HOTSEAT_TLS_CLIENT_CA", "HOTSEAT_CORE_HOST": "HOTSEAT_CORE_TLS_CLIENT_CA"}
# The key of the settings is one. An edge alone asks its core, and does not start where that asks nobody.
_ASKING = ("HOTSEAT_API_KEY", "HOTSEAT_API_KEY_FILE", "HOTSEAT_CORE_TARGET")
_WHO = {"HOTSEAT_HOST": "the edge", "HOTSEAT_CORE_HOST": "the core", "HOTSEAT_METRICS_HOST": "the core's metrics"}


def public(values: Mapping[str, str]) -> dict[str, str]:
    """The addresses that other machines reach, by the settings that name them."""
    return {name: host for name, host in _hosts(values).items() if host and not is_loopback(host)}


def ajar(values: Mapping[str, str], *, asks_for_key: bool) -> dict[str, str]:
    """Those of them where nobody is asked for anything."""
    found = {} if asks_for_key else public(values)
    return {name: host for name, host in found.items() if not values.get(_ADMITTING.get(name, ""))}


def asks_for_key(values: Mapping[str, str], data_dir: Path) -> bool:
    """Whether the core asks its callers for a key, as far as can be told without it."""
    if values.get("HOTSEAT_AUTH") == "required" or any(values.get(name) for name in _ASKING):
        return True
    try:
        return bool(kept(data_dir))
    except CommandFailed:  # the core can't read them either: the trial or its log says so
        return False


def check(values: Mapping[str, str], data_dir: Path) -> None:
    """Raise ServerFailed where a server would refuse to start because it lets strangers in: before any does."""
    found = ajar(values, asks_for_key=False)
    if not found or values.get("HOTSEAT_INSECURE_NO_AUTH") == "1" or asks_for_key(values, data_dir):
        return
    name, host = next(iter(found.items()))
    raise ServerFailed(refusal(_WHO[name], host), exit_code=2)


def _hosts(values: Mapping[str, str]) -> dict[str, str]:
    """The address behind each setting that names one; empty: nothing listens there."""
    hosts = {name: values.get(name, "127.0.0.1") for name in ("HOTSEAT_HOST", "HOTSEAT_CORE_HOST")}
    if values.get("HOTSEAT_CORE_SOCKET"):
        hosts["HOTSEAT_CORE_HOST"] = ""
    if values.get("HOTSEAT_METRICS_PORT"):
        hosts["HOTSEAT_METRICS_HOST"] = values.get("HOTSEAT_METRICS_HOST", "127.0.0.1")
    return hosts

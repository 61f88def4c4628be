"""The core's settings, read from an environment."""

from pathlib import Path

import pytest
from hotseat_core.settings import VARIABLES, CoreSettings, SettingsError, read_settings
from hotseat_core.worker.sandbox import Network


def test_without_any_variable_everything_has_its_default() -> None:
    settings = read_settings({})
    assert settings == CoreSettings()
    assert settings.target == "127.0.0.1:50051"
    assert settings.credential == {}


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("POOL_SIZE", "7", "pool_size", 7),
        ("HOTSEAT_WARM_WORKERS", "0", "warm_workers", 0),
        ("IDLE_TIMEOUT_MS", "0", "idle_timeout_ms", 0),
        ("HOTSEAT_RETENTION_MS", "0", "retention_ms", 0),
        ("HOTSEAT_TRANSIENT_RETENTION_MS", "1000", "transient_retention_ms", 1000),
        ("HOTSEAT_CORE_PORT", "0", "port", 0),
        ("HOTSEAT_PERMISSION_MODE", "bypass", "permission_mode", "bypass"),
        ("HOTSEAT_ALLOW_UNTESTED_CLI", "1", "allow_untested_cli", True),
        ("HOTSEAT_ALLOW_UNTESTED_CLI", "false", "allow_untested_cli", False),
        ("HOTSEAT_PROFILE", "claude", "profile", "claude"),
        ("HOTSEAT_LOG_FORMAT", "json", "log_format", "json"),
        ("HOTSEAT_PARENT_FD", "5", "parent_fd", 5),
        ("HOTSEAT_MODEL", "123", "model", "123"),
        ("POOL_SIZE", "", "pool_size", 4),
    ],
)
def test_a_variable_sets_its_field(name: str, text: str, field: str, value: object) -> None:
    assert getattr(read_settings({name: text}), field) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("POOL_SIZE", "0"),
        ("POOL_SIZE", "four"),
        ("POOL_SIZE", "1.5"),
        ("POOL_SIZE", "-1"),
        ("HOTSEAT_CORE_PORT", "65536"),
        ("HOTSEAT_WARM_WORKERS", "-1"),
        ("HOTSEAT_RETENTION_MS", "-1"),
        ("HOTSEAT_STALL_TIMEOUT_MS", "0"),
        ("HOTSEAT_PERMISSION_MODE", "ask"),
        ("HOTSEAT_ALLOW_UNTESTED_CLI", "perhaps"),
        ("HOTSEAT_LOG_LEVEL", "loud"),
        ("HOTSEAT_PROFILE", "other"),
    ],
)
def test_a_value_that_can_not_be_used_is_named_with_its_variable(name: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: text})
    assert str(caught.value).startswith(f"{name}={text!r} can't be used: ")


def test_every_field_has_its_variable() -> None:
    computed = {"credential", "credential_file", "inherited_env", "api_key"}
    assert set(VARIABLES) == set(CoreSettings.__struct_fields__) - computed


@pytest.mark.parametrize(
    ("environ", "credential"),
    [
        ({"ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_OAUTH_TOKEN": "t"}, {"ANTHROPIC_API_KEY": "k"}),
        ({"ANTHROPIC_AUTH_TOKEN": "a", "CLAUDE_CODE_OAUTH_TOKEN": "t"}, {"ANTHROPIC_AUTH_TOKEN": "a"}),
        ({"ANTHROPIC_API_KEY": "", "CLAUDE_CODE_OAUTH_TOKEN": "t"}, {"CLAUDE_CODE_OAUTH_TOKEN": "t"}),
    ],
)
def test_one_credential_is_used_alone(environ: dict[str, str], credential: dict[str, str]) -> None:
    assert read_settings(environ).credential == credential


def test_a_socket_is_the_target() -> None:
    assert read_settings({"HOTSEAT_CORE_SOCKET": "/run/h.sock"}).target == "unix:/run/h.sock"


def test_the_data_directory_is_absolute() -> None:
    assert read_settings({"HOTSEAT_DATA_DIR": "data"}).data_path == Path.cwd() / "data"
    assert read_settings({"HOTSEAT_DATA_DIR": "~/data"}).data_path == Path.home() / "data"


@pytest.mark.parametrize(
    ("environ", "network"),
    [
        ({}, Network.NONE),
        ({"HOTSEAT_SANDBOX_NETWORK": "host"}, Network.HOST),
        ({"HOTSEAT_KEY_MODE": "env"}, Network.HOST),
        ({"HOTSEAT_EGRESS_ALLOW": "packages.example.org"}, Network.LISTED),
    ],
)
def test_what_agents_reach_of_the_network(environ: dict[str, str], network: Network) -> None:
    assert read_settings(environ).sandboxing.network is network


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"HOTSEAT_EGRESS_ALLOW": "https://packages.example.org"}, "HOTSEAT_EGRESS_ALLOW can't be used"),
        ({"HOTSEAT_EGRESS_NETWORKS": "10.0.0.1/8"}, "HOTSEAT_EGRESS_NETWORKS can't be used"),
        ({"HOTSEAT_EGRESS_ALLOW": "a.com", "HOTSEAT_SANDBOX": "off"}, "with HOTSEAT_SANDBOX=off"),
        ({"HOTSEAT_EGRESS_ALLOW": "a.com", "HOTSEAT_SANDBOX_NETWORK": "host"}, "with HOTSEAT_SANDBOX_NETWORK=host"),
        ({"HOTSEAT_EGRESS_ALLOW": "a.com", "HOTSEAT_KEY_MODE": "env"}, "with HOTSEAT_KEY_MODE=env"),
        ({"HOTSEAT_ALLOWED_MODELS": "x", "HOTSEAT_KEY_MODE": "env"}, "HOTSEAT_ALLOWED_MODELS can't be kept"),
        ({"HOTSEAT_EGRESS_ALLOW": "a.com", "HOTSEAT_CONTAINMENT": "watcher"}, "with HOTSEAT_CONTAINMENT=watcher"),
    ],
)
def test_a_list_that_can_t_be_kept_is_refused(environ: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read_settings(environ)

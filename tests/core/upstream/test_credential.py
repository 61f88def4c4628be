"""The provider's credential."""

import os
from pathlib import Path

import pytest
from hotseat_core.settings import SettingsError, read_settings
from hotseat_core.upstream.credential import Credential, CredentialError, worker_token


@pytest.mark.parametrize(
    ("variable", "header"),
    [
        ("ANTHROPIC_API_KEY", b"x-api-key: secret"),
        ("ANTHROPIC_AUTH_TOKEN", b"authorization: Bearer secret"),
        ("CLAUDE_CODE_OAUTH_TOKEN", b"authorization: Bearer secret"),
    ],
)
def test_each_kind_has_its_header(variable: str, header: bytes) -> None:
    credential = Credential(variable, "secret")
    assert credential.header == header
    assert credential.value == "secret"
    assert "secret" not in repr(credential)


@pytest.mark.parametrize("value", ["a b", "a\r\nx: y", "a\x00", "schl\u00fcssel"])
def test_what_no_header_can_hold_is_refused_without_showing_it(value: str) -> None:
    with pytest.raises(CredentialError, match="ANTHROPIC_API_KEY") as caught:
        Credential("ANTHROPIC_API_KEY", value)
    assert value not in str(caught.value)


def test_a_file_is_read_again_when_it_has_changed(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("one\n")
    credential = Credential.from_file("ANTHROPIC_API_KEY", file)
    assert credential.value == "one"
    other = tmp_path / "other"
    other.write_text("two\n")
    other.replace(file)  # as secrets are mounted anew
    assert credential.header == b"x-api-key: two"
    file.write_text("three")
    assert credential.value == "three"


@pytest.mark.parametrize("content", [b"", b"\n", b"a b", b"\xff"])
def test_a_file_that_is_no_good_any_more_leaves_the_credential_as_it_was(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_text("one")
    credential = Credential.from_file("ANTHROPIC_API_KEY", file)
    file.write_bytes(content)
    assert credential.value == "one"
    file.unlink()
    assert credential.value == "one"
    file.write_text("two")
    assert credential.value == "two"


@pytest.mark.parametrize(
    "variable", ["ANTHROPIC_API_KEY_FILE", "ANTHROPIC_AUTH_TOKEN_FILE", "CLAUDE_CODE_OAUTH_TOKEN_FILE"]
)
def test_a_setting_names_the_file(tmp_path: Path, variable: str) -> None:
    file = tmp_path / "key"
    file.write_text("from-a-file\n")
    settings = read_settings({variable: str(file), "OTHER": "x"})
    assert settings.credential == {variable.removesuffix("_FILE"): "from-a-file"}
    assert settings.credential_file == str(file)
    assert settings.inherited_env == {"OTHER": "x"}
    assert settings.open_credential().value == "from-a-file"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"ANTHROPIC_API_KEY": "a", "ANTHROPIC_API_KEY_FILE": "/x"}, "are both set"),
        ({"ANTHROPIC_API_KEY_FILE": "/does/not/exist"}, "ANTHROPIC_API_KEY_FILE: /does/not/exist can't be read"),
        ({"ANTHROPIC_API_KEY_FILE": os.devnull}, "is empty"),
        ({"ANTHROPIC_API_KEY": "a b"}, "ANTHROPIC_API_KEY holds something"),
        ({"ANTHROPIC_API_KEY": "a", "ANTHROPIC_BASE_URL": "nowhere"}, "ANTHROPIC_BASE_URL can't be used"),
        ({"ANTHROPIC_API_KEY": "a", "HTTPS_PROXY": "socks5://x"}, "HTTPS_PROXY"),
        ({"ANTHROPIC_API_KEY": "a", "HOTSEAT_KEY_MODE": "other"}, "HOTSEAT_KEY_MODE='other' can't be used"),
    ],
)
def test_settings_that_can_not_be_used_are_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    assert said in str(caught.value)


def test_no_two_workers_have_the_same_token() -> None:
    tokens = {worker_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(len(token) for token in tokens) > 40

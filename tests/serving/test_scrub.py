"""Secrets go, everything else stays."""

import time

import pytest
from hotseat_serving.scrub import REDACTED, scrub

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\nabcdef==\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-ant-api03-AbC_def-123456789 here", f"key sk-ant-{REDACTED} here"),
        ("sk-proj-abcdefgh12345678", f"sk-{REDACTED}"),
        ("'hs_0123456789abcdef'", f"'hs_{REDACTED}'"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", f"ghp_{REDACTED}"),
        ("github_pat_11ABCDEFG0123456789_abc", f"github_pat_{REDACTED}"),
        ("xoxb-123456789012-abcdef", f"xoxb-{REDACTED}"),
        ("AKIAIOSFODNN7EXAMPLE.", f"AKIA{REDACTED}."),
        (f"token={JWT}&x=1", f"token=eyJ{REDACTED}&x=1"),
        (f"a {PEM} b", f"a -----BEGIN RSA PRIVATE KEY-----{REDACTED} b"),
        (PEM.replace("\n", "\\n"), f"-----BEGIN RSA PRIVATE KEY-----{REDACTED}"),
        (PEM.replace(" ", "%20"), f"-----BEGIN%20RSA%20PRIVATE%20KEY-----{REDACTED}"),
        (PEM[:60], f"-----BEGIN RSA PRIVATE KEY-----{REDACTED}"),
        ("authorization: Bearer abcDEF123.456-789", f"authorization: Bearer {REDACTED}"),
        ("Basic dXNlcjpwYXNzd29yZA==", f"Basic {REDACTED}"),
        ("https://user:pa55word@example.com/x", f"https://user:{REDACTED}@example.com/x"),
        ('{"a": "sk-ant-0123456789", "b": 1}', f'{{"a": "sk-ant-{REDACTED}", "b": 1}}'),
    ],
)
def test_a_secret_goes_and_its_kind_stays(text: str, left: str) -> None:
    assert scrub(text) == left
    assert scrub(left) == left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a task-manager and a disk-ant-farm",
        "sk-short",
        "paths_and_hs_x",
        "https://example.com:8080/path?q=a@b",
        "request_id=req_0123456789abcdef0123456789abcdef status=200",
        "the bearer of bad news; Basic rules",
        "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
        "conversation c-0123456789 of worker w-1",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    "piece", ["sk-", "eyJ", "://a:", "-----BEGIN PRIVATE KEY-----", "Bearer ", "a://", "eyJaaaaa.a"]
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    scrub(piece * 20_000)
    assert time.process_time() - began < 2

"""Names of models, conversations and requests."""

import pytest
from hotseat_edge.openai import names
from hotseat_edge.openai.errors import ApiError


@pytest.mark.parametrize(
    ("name", "parts", "base"),
    [
        ("claude-code", ("claude-code", "", ""), "claude-code"),
        ("claude/opus", ("claude", "opus", ""), "claude/opus"),
        ("claude-code:my-conv", ("claude-code", "", "my-conv"), "claude-code"),
        ("claude/claude-opus-4-5[1m]:a.b~c", ("claude", "claude-opus-4-5[1m]", "a.b~c"), "claude/claude-opus-4-5[1m]"),
        ("claude/vendor/model", ("claude", "vendor/model", ""), "claude/vendor/model"),
    ],
)
def test_a_model_name_has_up_to_three_parts(name: str, parts: tuple[str, str, str], base: str) -> None:
    found = names.parse_model(name)
    assert (found.profile, found.model, found.conversation) == parts
    assert found.base == base


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("claude-code:", 400, "invalid_model_suffix"),
        ("claude-code::x", 400, "invalid_model_suffix"),
        ("claude-code:a:b", 400, "invalid_model_suffix"),
        ("claude-code:--resume", 400, "invalid_model_suffix"),
        ("--resume", 404, "model_not_found"),
        ("$(id)", 404, "model_not_found"),
        ("claude-code;rm", 404, "model_not_found"),
        ("claude-code/", 404, "model_not_found"),
        ("claude-code/--x", 404, "model_not_found"),
        ("claude\n", 404, "model_not_found"),
        (":x", 404, "model_not_found"),
    ],
)
def test_a_model_name_that_is_none(name: str, status: int, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        names.parse_model(name)
    assert (caught.value.status, caught.value.code, caught.value.param) == (status, code, "model")


@pytest.mark.parametrize(
    ("header", "suffix", "named"), [(None, "", ""), (None, "a", "a"), ("a", "", "a"), ("a", "a", "a")]
)
def test_a_conversation_is_named_by_header_or_suffix(header: str | None, suffix: str, named: str) -> None:
    assert names.conversation_id(header, suffix) == named


def test_two_names_for_one_conversation_are_a_conflict() -> None:
    with pytest.raises(ApiError) as caught:
        names.conversation_id("a", "b")
    assert (caught.value.status, caught.value.code) == (400, "conversation_id_conflict")


@pytest.mark.parametrize(
    "given",
    [
        "",
        "  ",
        "../../etc/passwd",
        "a/b",
        "a\\b",
        "--help",
        "-x",
        ".",
        "..",
        ".git",
        "a\nb",
        "a" * 129,
        "é",
        "a b",
        "a:b",
    ],
)
def test_an_id_that_could_mean_something_else_is_refused(given: str) -> None:
    with pytest.raises(ApiError) as caught:
        names.conversation_id(given, "")
    assert (caught.value.status, caught.value.code) == (400, "invalid_conversation_id")
    assert caught.value.param == "X-Conversation-ID"


@pytest.mark.parametrize(
    ("given", "kept"),
    [("abc-1", True), (None, False), ("", False), ("a" * 129, False), ("a\r\nb", False), ("a b", False)],
)
def test_a_client_s_request_id_is_kept_if_it_is_sane(given: str | None, kept: bool) -> None:
    assert names.sane_request_id(given) == (given if kept else None)

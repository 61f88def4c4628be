"""Which models workers may ask for."""

import json

import pytest
from hotseat_core.upstream.models import Models, NotAllowedError

from tests.core.upstream.conftest import OpenScene

LISTED = Models.listed("claude-haiku-*, claude-sonnet-4-5")


@pytest.mark.parametrize(
    ("name", "admitted"),
    [
        ("claude-haiku-4-5-20251001", True),
        ("claude-haiku-", True),
        ("claude-haiku", False),
        ("claude-sonnet-4-5", True),
        ("claude-sonnet-4-5-20250929", False),
        ("Claude-Haiku-4", False),
        ("x-claude-haiku-4", False),
        ("*", False),
        ("", False),
    ],
)
def test_a_name_is_in_the_list_or_begins_as_one_with_a_star(name: str, admitted: bool) -> None:
    assert LISTED.admit(name) is admitted


def test_without_a_list_bodies_pass_as_they_are() -> None:
    assert Models.listed(" , ").checked(b"no JSON at all") == b"no JSON at all"


def test_what_may_be_asked_is_passed_on_with_all_that_it_holds() -> None:
    body = b'{ "messages": [{"a": 1.0e5,  "b": "\\u00e9"}], "model": "claude-haiku-4", "stream": true }'
    assert json.loads(LISTED.checked(body)) == json.loads(body)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"model": "claude-opus-4"}', "HOTSEAT_ALLOWED_MODELS"),
        (b'{"model": "claude-haiku-4", "model": "claude-opus-4"}', "claude-opus-4"),
        (b'{"mod\\u0065l": "claude-opus-4"}', "claude-opus-4"),
        (b'{"model": ["claude-haiku-4"]}', "names no model"),
        (b'{"model": null}', "names no model"),
        (b"{}", "names no model"),
        (b"[]", "JSON object"),
        (b"", "JSON object"),
        (b'{"model": "claude-haiku-4"', "JSON object"),
        (b"\x1f\x8b\x08", "JSON object"),
    ],
)
def test_what_may_not_be_asked_is_told_why(body: bytes, told: str) -> None:
    with pytest.raises(NotAllowedError, match=told):
        LISTED.checked(body)


def test_a_field_that_stands_there_twice_is_passed_on_once() -> None:
    assert LISTED.checked(b'{"model":"claude-opus-4","model":"claude-haiku-4"}') == b'{"model":"claude-haiku-4"}'


@pytest.mark.parametrize("line", ["POST /v1/messages HTTP/1.1", "POST /v1/messages/count_tokens?beta=true HTTP/1.1"])
async def test_the_provider_hears_of_listed_models_alone(
    open_scene: OpenScene, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_scene(models=LISTED) as scene:
        for _ in range(2):
            client = await scene.client()
            client.ask(b'{"model":"claude-opus-4"}', line=line)
            status, _, answer = await client.answer()
            assert (status, json.loads(answer)["error"]["type"]) == (400, "invalid_request_error")
        client = await scene.client()
        client.ask(b'{"model":"claude-haiku-4", "max_tokens":1}', line=line)
        assert (await client.answer())[0] == 200
        assert [got.body for got in scene.provider.got] == [b'{"model":"claude-haiku-4","max_tokens":1}']
    assert len([record for record in caplog.records if "was refused" in record.message]) == 1

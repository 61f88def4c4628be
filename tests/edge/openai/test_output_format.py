"""Which schema a response_format becomes."""

import pytest
from hotseat_edge.openai.errors import ApiError
from hotseat_edge.openai.output_format import JsonSchema, ResponseFormat, schema_text


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        (None, ""),
        (ResponseFormat("text"), ""),
        (ResponseFormat("json_object"), '{"type":"object"}'),
        (ResponseFormat("json_schema", JsonSchema("a", {"type": "array"})), '{"type":"array"}'),
        (
            ResponseFormat("json_schema", JsonSchema("a", {"type": "array"}, description="Some.")),
            '{"description":"Some.","type":"array"}',
        ),
        (
            ResponseFormat("json_schema", JsonSchema("a", {"description": "Own."}, description="Some.")),
            '{"description":"Own."}',
        ),
    ],
)
def test_the_core_is_told_a_schema(format_: ResponseFormat | None, text: str) -> None:
    assert schema_text(format_) == text


@pytest.mark.parametrize(
    ("format_", "code", "param"),
    [
        (ResponseFormat("xml"), "invalid_value", "response_format.type"),
        (ResponseFormat("json_schema"), "missing_required_parameter", "response_format.json_schema"),
        (
            ResponseFormat("json_schema", JsonSchema("a")),
            "missing_required_parameter",
            "response_format.json_schema.schema",
        ),
        (ResponseFormat("json_schema", JsonSchema("a b", {})), "invalid_value", "response_format.json_schema.name"),
    ],
)
def test_what_is_no_format_is_named(format_: ResponseFormat, code: str, param: str) -> None:
    with pytest.raises(ApiError) as caught:
        schema_text(format_)
    assert (caught.value.code, caught.value.param) == (code, param)

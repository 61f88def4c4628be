"""How the model is held to a schema, and what counts as fitting it."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hotseat_core.worker.dialect import dialect
from hotseat_core.worker.output_schema import BadSchemaError, output_schema
from hypothesis import given, settings
from hypothesis import strategies as st

NAME = {"type": "string"}


def obj(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (obj(a=NAME), {**obj(a=NAME), "additionalProperties": False}),
        (
            {"$schema": "x", "$id": "y", "title": "T", "x-own": 1, **obj(a=NAME)},
            {"title": "T", **obj(a=NAME), "additionalProperties": False},
        ),
        (
            obj(a={"type": "integer", "minimum": 1, "description": "how many", "default": 1, "examples": [2]}),
            {
                **obj(a={"type": "integer", "description": 'how many\n{"minimum":1}'}),
                "additionalProperties": False,
            },
        ),
        (
            obj(a={"oneOf": [NAME, {"type": "null"}]}),
            {**obj(a={"anyOf": [NAME, {"type": "null"}]}), "additionalProperties": False},
        ),
        (
            {**obj(a={"$ref": "#/$defs/N", "description": "lost"}), "$defs": {"N": {"enum": ["x", 1, None]}}},
            {
                **obj(a={"$ref": "#/$defs/N"}),
                "additionalProperties": False,
                "$defs": {"N": {"enum": ["x", 1, None]}},
            },
        ),
        (
            obj(a={"type": "array", "items": NAME, "minItems": 1, "maxItems": 3}),
            {
                **obj(a={"type": "array", "items": NAME, "minItems": 1, "description": '{"maxItems":3}'}),
                "additionalProperties": False,
            },
        ),
        (
            obj(a={"type": "string", "format": "email"}, b={"type": "string", "format": "own"}),
            {
                **obj(a={"type": "string", "format": "email"}, b={"type": "string", "description": '{"format":"own"}'}),
                "additionalProperties": False,
            },
        ),
        (
            {"type": "object", "properties": {"a": NAME}, "additionalProperties": True},
            {"type": "object", "properties": {"a": NAME}, "required": [], "additionalProperties": False},
        ),
    ],
)
def test_a_schema_is_said_in_the_provider_s_words(schema: dict[str, Any], told: dict[str, Any]) -> None:
    assert dialect(schema) == told


@pytest.mark.parametrize(
    "schema",
    [
        {},
        NAME,
        {"type": "array", "items": NAME},
        {"anyOf": [obj(a=NAME), obj(b=NAME)]},
        {"type": "object"},
        {"type": "object", "additionalProperties": NAME},
        obj(a={}),
        obj(a=True),
        obj(a={"type": "array"}),
        obj(a={"type": "array", "prefixItems": [NAME]}),
        obj(a={"allOf": [NAME]}),
        obj(a={"enum": [["x"]]}),
        obj(a={"$ref": "#"}),
        obj(a={"$ref": "#/properties/b"}),
        {**obj(a={"$ref": "#/$defs/N"}), "$defs": {"N": obj(next={"anyOf": [{"$ref": "#/$defs/N"}, NAME]})}},
        {**obj(a={"$ref": "#/$defs/none"}), "$defs": {}},
        {"type": "object", "properties": {f"p{n}": NAME for n in range(25)}},
        obj(**{f"p{n}": {"type": ["string", "null"]} for n in range(17)}),
    ],
)
def test_what_the_provider_can_not_be_told_is_not_told(schema: dict[str, Any]) -> None:
    assert dialect(schema) is None


def test_a_deep_schema_is_not_followed_into_the_ground() -> None:
    schema: dict[str, Any] = NAME
    for _ in range(5000):
        schema = obj(a=schema)
    assert dialect(schema) is None


LEAVES = st.sampled_from([NAME, {"type": "integer", "minimum": 2}, {"enum": ["a", 1]}, {"type": ["boolean", "null"]}])
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items, "maxItems": 2}, inner),
        st.builds(lambda a, b: {"anyOf": [a, b]}, inner, inner),
        st.builds(lambda a, b: {"type": "object", "properties": {"a": a, "b": b}, "required": ["b"]}, inner, inner),
    ),
    max_leaves=8,
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(SCHEMAS, VALUES)
def test_what_the_provider_allows_fits_but_for_what_its_descriptions_tell(inner: Any, value: Any) -> None:
    schema = {"type": "object", "properties": {"it": inner}, "required": ["it"]}
    told = dialect(schema)
    assert told is not None
    without_limits = json.loads(json.dumps(schema).replace('"minimum"', '"x"').replace('"maxItems"', '"x"'))
    if jsonschema_rs.is_valid(told, {"it": value}):
        assert jsonschema_rs.is_valid(without_limits, {"it": value})


@pytest.mark.parametrize(
    ("schema", "answer", "problem"),
    [
        (obj(a=NAME), '{"a": "x"}', ""),
        (obj(a=NAME), '{"a": 1}', 'a: 1 is not of type "string"'),
        (obj(a={"type": "array", "items": obj(b=NAME)}), '{"a": [{"b": 1}]}', 'a[0].b: 1 is not of type "string"'),
        (obj(a=NAME), "{}", 'the value: "a" is a required property'),
        (obj(a=NAME), '{"a": "x"', "it is no JSON: Input data was truncated"),
        (NAME, "[" * 5000, "it is no JSON: "),
        ({"type": "string", "pattern": "^(a+)+$"}, json.dumps("a" * 5000 + "!"), "the value: "),
    ],
)
def test_a_problem_says_where_and_what(schema: dict[str, Any], answer: str, problem: str) -> None:
    found = output_schema(json.dumps(schema)).problem(answer)
    assert found.startswith(problem)
    assert bool(found) == bool(problem)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "must be a JSON Schema, an object"),
        ('{"type": "objekt"}', "is no valid JSON Schema"),
        ('{"$ref": "http://127.0.0.1:9/x"}', "is no valid JSON Schema"),
        ('{"$schema": "http://127.0.0.1:9/x"}', "is no valid JSON Schema"),
        ('{"pattern": "("}', "is no valid JSON Schema"),
        (json.dumps({"description": "x" * 140_000}), "is larger than 128 KiB"),
    ],
)
def test_a_schema_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadSchemaError, match=said):
        output_schema(text)

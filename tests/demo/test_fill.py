"""Instances of schemas, filled from a text."""

from typing import Any

import pytest
from hotseat_demo.fill import fill


def obj(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({} if required is None else {"required": required})}


STRING, INTEGER, NUMBER, BOOLEAN = ({"type": kind} for kind in ("string", "integer", "number", "boolean"))
NODE = {
    "$ref": "#/$defs/node",
    "$defs": {"node": obj(value=STRING, children={"type": "array", "items": {"$ref": "#/$defs/node"}})},
}


@pytest.mark.parametrize(
    ("schema", "text", "instance"),
    [
        (STRING, 'say "hi"', "hi"),
        (INTEGER, "I want 7 of 9", 7),
        (INTEGER, "none", 1),
        (NUMBER, "about 2.5 kg", 2.5),
        (BOOLEAN, "x", True),
        ({"type": "boolean", "default": False}, "x", False),
        ({"type": "null"}, "x", None),
        ({"const": 5}, "x", 5),
        ({"enum": ["red", "dark_blue"]}, "I like dark blue and red", "dark_blue"),
        ({"enum": ["red", "blue"]}, "nothing", "red"),
        ({"enum": ["red", "blue"], "default": "blue"}, "nothing", "blue"),
        ({"type": ["null", "integer"]}, "4", 4),
        ({"type": "integer", "minimum": 10}, "3", 10),
        ({"type": "integer", "exclusiveMaximum": 3}, "3", 2),
        ({"type": "integer", "multipleOf": 5}, "11", 10),
        ({"type": "integer", "default": 8}, "x", 8),
        ({"type": "string", "minLength": 6}, '"abc"', "abcxxx"),
        ({"type": "string", "maxLength": 2}, '"abc"', "ab"),
        ({"type": "string", "format": "date"}, "on 2026-05-04 at noon", "2026-05-04"),
        ({"type": "string", "format": "date"}, "soon", "2026-01-01"),
        ({"type": "string", "format": "email"}, "write to ada@example.org.", "ada@example.org"),
        ({"type": "string", "format": "uri"}, "see https://example.org/a?b=1", "https://example.org/a?b=1"),
        ({"type": "array", "items": INTEGER}, "1, 2 and 3", [1, 2, 3]),
        ({"type": "array", "items": STRING}, '"a" and "b"', ["a", "b"]),
        ({"type": "array", "items": {"enum": ["x", "y", "z"]}}, "z or x", ["z", "x"]),
        ({"type": "array", "items": INTEGER, "minItems": 3}, "9", [9, 1, 1]),
        ({"type": "array", "items": INTEGER, "maxItems": 1}, "1 2 3", [1]),
        ({"type": "array", "items": obj(["n"], n=INTEGER)}, "4", [{"n": 4}]),
        ({"type": "array", "prefixItems": [INTEGER, BOOLEAN]}, "4", [4, True]),
        (obj(["city"], city=STRING), "What is the weather in New York?", {"city": "New York"}),
        (obj(["name", "age"], name=STRING, age=INTEGER), "age: 41, name is Bob", {"name": "Bob", "age": 41}),
        (obj(["first", "second"], first=STRING, second=STRING), "'one' then 'two'", {"first": "one", "second": "two"}),
        (obj(["a"], a=INTEGER, unit={"enum": ["kg", "lb"]}), "5 kg", {"a": 5, "unit": "kg"}),
        (obj(["a"], a=INTEGER, unit={"enum": ["kg", "lb"]}), "5", {"a": 5}),
        (obj(["a"], a=INTEGER, limit=INTEGER), "5 with limit=9", {"a": 5, "limit": 9}),
        (obj(a=INTEGER, b=INTEGER), "5", {"a": 5, "b": 1}),
        (obj(["query"], query=STRING), "find the moon", {"query": "find the moon"}),
        (obj(["expression"], expression=STRING), "compute (2+3)*4 now", {"expression": "(2+3)*4"}),
        (obj(["anything"], anything=STRING), "x", {"anything": "anything"}),
        (obj(["missing"]), "x", {"missing": "missing"}),
        (obj([]), "x", {}),
        ({"anyOf": [{"type": "null"}, STRING]}, '"v"', "v"),
        (
            {"oneOf": [obj(["kind"], kind={"const": "cat"}), obj(["kind"], kind={"const": "dog"})]},
            "a dog",
            {"kind": "dog"},
        ),
        ({"allOf": [obj(["a"], a=INTEGER), obj(["b"], b=INTEGER)]}, "1 2", {"a": 1, "b": 2}),
        ({"$ref": "#/$defs/x", "$defs": {"x": INTEGER}}, "6", 6),
        ({"properties": {"a": INTEGER}}, "6", {"a": 6}),
        ({}, '"v"', "v"),
    ],
)
def test_a_schema_is_filled_from_the_text(schema: dict[str, Any], text: str, instance: Any) -> None:
    assert fill(schema, text) == instance


def test_each_number_is_used_once() -> None:
    assert fill(obj(a=INTEGER, b=INTEGER, c=INTEGER), "7 and 8") == {"a": 7, "b": 8, "c": 1}


def test_a_schema_that_contains_itself_ends() -> None:
    found = fill(NODE, "x")
    assert set(found) == {"value", "children"}


@pytest.mark.parametrize(
    "odd",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"$ref": "other.json"},
        {"type": "object", "properties": None, "required": None},
        {"type": "object", "properties": {"a": True, "b": None, "c": []}},
        {"type": "array", "items": True},
        {"type": "array", "items": [{"type": "integer"}]},
        {"type": "array"},
        {"type": "brand-new"},
        {"type": []},
        {"enum": []},
        {"anyOf": []},
        {"allOf": [{"$ref": "#"}]},
        {"type": "string", "pattern": "["},
        {"type": "string", "format": "brand-new"},
    ],
)
def test_odd_schemas_are_filled_as_far_as_they_go(odd: dict[str, Any]) -> None:
    assert fill({"type": "object", "required": ["part"], "properties": {"part": odd}}, "some text 1")

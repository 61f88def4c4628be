"""A JSON Schema as the model's provider takes it, which knows a part of the language. No I/O."""

from collections.abc import Mapping
from typing import Any

import msgspec

_FORMATS = frozenset({"date-time", "date", "time", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})
# What the provider refuses to be told, and the model can read instead; the answer is checked for it afterwards.
_TOLD = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "format"),
    *("minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
)
# What shapes the answer in a way that the provider can't hold the model to.
_UNSAYABLE = frozenset(
    {
        *("allOf", "not", "if", "then", "else"),
        *("patternProperties", "propertyNames", "dependencies", "dependentSchemas", "dependentRequired"),
        *("prefixItems", "additionalItems", "contains", "unevaluatedProperties", "unevaluatedItems"),
        *("$dynamicRef", "$recursiveRef"),
    }
)
_DEFINITIONS = ("$defs", "definitions")
_MOST_OPTIONAL = 24
_MOST_UNIONS = 16


class _UnsayableError(Exception):
    """The provider knows no way to say this."""


def dialect(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the schema so that the provider takes it; None: it can't be said, or is not that of an object.

    What is returned allows no more values than the schema does, but for what its descriptions tell.
    """
    speaker = _Speaker()
    try:
        told = speaker.say(schema)
        for place in _DEFINITIONS:
            if definitions := _mapping(schema.get(place)):
                told[place] = {name: speaker.say(_mapping(held)) for name, held in definitions.items()}
        _check_references(schema)
    except (_UnsayableError, RecursionError):
        return None
    is_too_much = speaker.optional > _MOST_OPTIONAL or speaker.unions > _MOST_UNIONS
    return None if told.get("type") != "object" or is_too_much else told


class _Speaker:
    """Says schemas, and counts what the provider limits."""

    def __init__(self) -> None:
        self.optional = 0
        self.unions = 0

    def say(self, schema: Any) -> dict[str, Any]:
        if not isinstance(schema, Mapping) or _UNSAYABLE & schema.keys():
            raise _UnsayableError
        if "$ref" in schema:
            return {"$ref": schema["$ref"]}
        told = {name: schema[name] for name in ("title", "type") if name in schema}
        told |= self._choices(schema)
        if not told.keys() & {"type", "enum", "const", "anyOf"}:
            raise _UnsayableError  # anything at all
        kinds = _kinds(schema)
        self.unions += len(kinds) > 1
        if "object" in kinds:
            told |= self._members(schema)
        if "array" in kinds:
            told["items"] = self.say(schema.get("items"))
            if schema.get("minItems") in (0, 1):
                told["minItems"] = schema["minItems"]
        if schema.get("format") in _FORMATS:
            told["format"] = schema["format"]
        return told | _description(schema, told)

    def _choices(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if "enum" in schema:
            told["enum"] = [_plain(value) for value in schema["enum"]]
        if "const" in schema:
            told["const"] = _plain(schema["const"])
        if any(name in schema for name in ("anyOf", "oneOf")):
            if "anyOf" in schema and "oneOf" in schema:
                raise _UnsayableError
            told["anyOf"] = [self.say(held) for held in schema.get("anyOf") or schema["oneOf"]]
            self.unions += 1
        return told

    def _members(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        members = _mapping(schema.get("properties"))
        others = schema.get("additionalProperties", True)
        # A map of any names, which the provider would take for one without any.
        if isinstance(others, Mapping) or (others and not members):
            raise _UnsayableError
        required = [name for name in schema.get("required") or () if name in members]
        self.optional += len(members) - len(required)
        told = {name: self.say(held) for name, held in members.items()}
        return {"properties": told, "required": required, "additionalProperties": False}


def _description(schema: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, str]:
    left = {name: schema[name] for name in _TOLD if name in schema and name not in told}
    limits = msgspec.json.encode(left).decode() if left else ""
    text = "\n".join(part for part in (str(schema.get("description") or ""), limits) if part)
    return {"description": text} if text else {}


def _check_references(schema: Mapping[str, Any]) -> None:
    """Only to the definitions, and never round in a circle."""
    held = {f"#/{place}/{name}": one for place in _DEFINITIONS for name, one in _mapping(schema.get(place)).items()}
    known = {name: _references(one) for name, one in held.items()}
    known["#"] = _references({name: part for name, part in schema.items() if name not in _DEFINITIONS})
    finished: set[str] = set()

    def visit(name: str, above: frozenset[str]) -> None:
        if name in above or name not in known:
            raise _UnsayableError
        if name not in finished:
            for other in known[name]:
                visit(other, above | {name})
            finished.add(name)

    for name in known:
        visit(name, frozenset())


def _references(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        found = {str(value["$ref"])} if "$ref" in value else set()
        return found.union(*(_references(part) for part in value.values()))
    return set().union(*(_references(part) for part in value)) if isinstance(value, list) else set()


def _kinds(schema: Mapping[str, Any]) -> set[str]:
    kinds = schema.get("type")
    return {kinds} if isinstance(kinds, str) else set(kinds or ())


def _plain(value: Any) -> Any:
    if isinstance(value, dict | list):
        raise _UnsayableError
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

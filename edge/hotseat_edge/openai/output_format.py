"""What form an answer shall have: text, JSON, or JSON that fits a schema."""

import re
from typing import Any

import msgspec

from hotseat_edge.openai.errors import invalid

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ANY_OBJECT = '{"type":"object"}'


class JsonSchema(msgspec.Struct):
    """A schema, and what it is called."""

    name: str
    schema: dict[str, Any] | None = None
    description: str | None = None
    strict: bool | None = None  # an answer that does not fit is an error in any case


class ResponseFormat(msgspec.Struct):
    """The form of a chat answer."""

    type: str
    json_schema: JsonSchema | None = None


def schema_text(format_: ResponseFormat | None, param: str = "response_format") -> str:
    """The schema that an answer has to fit, as the core is told; empty: it is any text. Raises ApiError."""
    match format_:
        case None | ResponseFormat(type="text"):
            return ""
        case ResponseFormat(type="json_object"):
            return _ANY_OBJECT
        case ResponseFormat(type="json_schema", json_schema=JsonSchema() as spec):
            return encoded(spec, f"{param}.json_schema")
        case ResponseFormat(type="json_schema"):
            raise invalid(f"{param}.json_schema", f"{param}.json_schema is required", "missing_required_parameter")
    raise invalid(f"{param}.type", f"{param}.type must be text, json_object or json_schema")


def encoded(spec: JsonSchema, param: str) -> str:
    """The JSON text of a schema, with its description. Raises ApiError."""
    if not _NAME.fullmatch(spec.name):
        raise invalid(f"{param}.name", "a schema's name is 1 to 64 of a-z A-Z 0-9 _ -")
    if spec.schema is None:
        raise invalid(f"{param}.schema", f"{param}.schema is required", "missing_required_parameter")
    described = {"description": spec.description, **spec.schema} if spec.description else spec.schema
    return msgspec.json.encode(described).decode()

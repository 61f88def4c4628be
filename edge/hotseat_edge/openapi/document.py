"""The OpenAPI document: every route of the server, and of the main ones what goes in and what comes out."""

import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from hotseat_edge.openai import completions, schema
from hotseat_edge.openai.fields import FieldTable
from hotseat_edge.openapi.shapes import SHAPES, Schema, ref
from hotseat_edge.responses.schema import FIELDS as RESPONSE_FIELDS

_REFERENCE = "#/components/schemas/{name}"
_VARIABLE = re.compile(r"{(\w+)}")
_JSON = "application/json"
_EVENTS = "text/event-stream"


class Route(msgspec.Struct, frozen=True):
    """A method and a path of the server, and in a sentence what it is for."""

    method: str
    path: str
    summary: str


class _Body(msgspec.Struct, frozen=True):
    fields: Mapping[str, Any]
    required: tuple[str, ...]


def _body(table: FieldTable) -> _Body:
    return _Body(table.fields, tuple(table.required))


_BODIES: dict[str, _Body] = {
    "/v1/chat/completions": _body(schema.TABLE),
    "/v1/completions": _body(completions.TABLE),
    "/v1/responses": _Body(RESPONSE_FIELDS, ("model", "input")),
}
# What comes out, by media type; where nothing is said, it is JSON.
_ANSWERS: dict[tuple[str, str], dict[str, Schema]] = {
    ("post", "/v1/chat/completions"): {_JSON: ref("ChatCompletion"), _EVENTS: ref("ChatCompletionChunk")},
    ("post", "/v1/completions"): {_JSON: ref("Completion"), _EVENTS: ref("Completion")},
    ("post", "/v1/responses"): {_JSON: {"type": "object"}, _EVENTS: {"type": "object"}},
    ("get", "/v1/models"): {_JSON: ref("ModelList")},
    ("get", "/v1/models/{id}"): {_JSON: ref("Model")},
    ("get", "/metrics"): {"text/plain": {"type": "string"}},
    ("get", "/"): {"text/html": {"type": "string"}},
    ("get", "/dashboard"): {"text/html": {"type": "string"}},
    ("get", "/admin/pool/events"): {_EVENTS: {"type": "object"}},
    ("get", "/web/{path}"): {"text/javascript": {"type": "string"}, "text/css": {"type": "string"}},
    ("get", "/docs"): {"text/html": {"type": "string"}},
    ("get", "/docs/{name}"): {"text/javascript": {"type": "string"}, "text/css": {"type": "string"}},
}
_UNDESCRIBED: dict[str, Schema] = {_JSON: {"type": "object"}}


def document(routes: Iterable[Route]) -> bytes:
    """The document's JSON text."""
    bodies, components = _request_schemas()
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method] = _operation(route, bodies)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Hotseat",
                "version": version("hotseat"),
                "description": "Claude Code behind the OpenAI API. docs/openai.md says what each field does.",
            },
            "paths": paths,
            "components": {
                "schemas": {**components, **SHAPES},
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
            "security": [{}, {"key": []}],
        }
    )


def _operation(route: Route, bodies: Mapping[str, Schema]) -> dict[str, Any]:
    answers = _ANSWERS.get((route.method, route.path), _UNDESCRIBED)
    told: dict[str, Any] = {
        "summary": route.summary,
        "responses": {
            "200": {
                "description": "It worked.",
                "content": {kind: {"schema": shape} for kind, shape in answers.items()},
            },
            "default": {"description": "It did not.", "content": {_JSON: {"schema": ref("Error")}}},
        },
    }
    if names := _VARIABLE.findall(route.path):
        told["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if route.method == "post" and route.path in bodies:
        told["requestBody"] = {"required": True, "content": {_JSON: {"schema": bodies[route.path]}}}
    return told


def _request_schemas() -> tuple[dict[str, Schema], dict[str, Schema]]:
    """The bodies of requests by their paths, and the schemas that these refer to."""
    types = [field.type for body in _BODIES.values() for field in body.fields.values()]
    found, components = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    left = iter(found)
    bodies = {
        path: {
            "type": "object",
            "properties": {name: _told(next(left), field) for name, field in body.fields.items()},
            "required": list(body.required),
        }
        for path, body in _BODIES.items()
    }
    return bodies, components


def _told(schema_: Schema, field: Any) -> Schema:
    words = f"Without effect: {field.remarks}" if field.is_ignored else field.remarks or f"Only {field.only}."
    return {**schema_, "description": words} if words else schema_

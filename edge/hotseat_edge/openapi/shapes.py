"""The shapes of what the API answers, as JSON Schemas; what else stands in an answer may grow."""

from typing import Any

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """The shape of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: str, **members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": required.split()}


def _list_of(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "integer", "minimum": 0}
_NULL: Schema = {"type": "null"}
_FINISH: Schema = {"enum": ["stop", "length", "tool_calls", "content_filter"]}
_FUNCTION = _object("name arguments", name=_TEXT, arguments=_TEXT)
_CALL = _object("id type function", id=_TEXT, type={"const": "function"}, function=_FUNCTION)
_MESSAGE = _object(
    "role content refusal",
    role={"const": "assistant"},
    content=_or_null(_TEXT),
    refusal=_or_null(_TEXT),
    reasoning_content={**_TEXT, "description": "What the model thought, and what an agent did."},
    tool_calls=_list_of(_CALL),
)
_CHOICE = _object("index message logprobs finish_reason", index={"const": 0}, message=_MESSAGE, logprobs=_NULL)
_TEXT_CHOICE = _object("index text logprobs finish_reason", index={"const": 0}, text=_TEXT, logprobs=_NULL)
_DELTA = _object(
    "",
    role={"const": "assistant"},
    content=_or_null(_TEXT),
    refusal=_or_null(_TEXT),
    reasoning_content=_TEXT,
    tool_calls=_list_of(
        _object("index", index=_NUMBER, id=_TEXT, type={"const": "function"}, function={"type": "object"})
    ),
)
_HEAD = {"id": _TEXT, "created": _NUMBER, "model": _TEXT}
_COUNTS: Schema = {"type": "object", "additionalProperties": _NUMBER}


def _with_finish(choice: Schema, finish: Schema) -> Schema:
    return {**choice, "properties": {**choice["properties"], "finish_reason": finish}}


SHAPES: dict[str, Schema] = {
    "Error": _object(
        "error",
        error=_object(
            "message type param code", message=_TEXT, type=_TEXT, param=_or_null(_TEXT), code=_or_null(_TEXT)
        ),
    ),
    "Usage": _object(
        "prompt_tokens completion_tokens total_tokens",
        prompt_tokens=_NUMBER,
        completion_tokens=_NUMBER,
        total_tokens=_NUMBER,
        prompt_tokens_details=_COUNTS,
        completion_tokens_details=_COUNTS,
        cost={"type": "number", "minimum": 0, "description": "The CLI's estimate in US dollars."},
    ),
    "ChatCompletion": _object(
        "id object created model choices usage",
        **_HEAD,
        object={"const": "chat.completion"},
        choices={**_list_of(_with_finish(_CHOICE, _FINISH)), "minItems": 1, "maxItems": 1},
        usage=ref("Usage"),
    ),
    "ChatCompletionChunk": _object(
        "id object created model choices",
        **_HEAD,
        object={"const": "chat.completion.chunk"},
        choices=_list_of(
            _object("index delta finish_reason", index={"const": 0}, delta=_DELTA, finish_reason=_or_null(_FINISH))
        ),
        usage=_or_null(ref("Usage")),
    ),
    "Completion": _object(
        "id object created model choices",
        **_HEAD,
        object={"const": "text_completion"},
        choices=_list_of(_with_finish(_TEXT_CHOICE, _or_null(_FINISH))),
        usage=_or_null(ref("Usage")),
    ),
    "Model": _object(
        "id object created owned_by",
        id=_TEXT,
        object={"const": "model"},
        created=_NUMBER,
        owned_by=_TEXT,
        context_window=_NUMBER,
        max_completion_tokens=_NUMBER,
    ),
    "ModelList": _object("object data", object={"const": "list"}, data=_list_of(ref("Model"))),
}

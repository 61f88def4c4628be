"""The messages of a chat request, as they may come: extra keys are ignored."""

from typing import Annotated, TypeAlias

import msgspec

MAX_MESSAGES = 2048


class TextPart(msgspec.Struct, tag_field="type", tag="text"):
    """Text."""

    text: str


class RefusalPart(msgspec.Struct, tag_field="type", tag="refusal"):
    """What the model said when it refused."""

    refusal: str


class ImageUrl(msgspec.Struct):
    """Where a picture is."""

    url: str


class ImagePart(msgspec.Struct, tag_field="type", tag="image_url"):
    """A picture."""

    image_url: ImageUrl


class FileData(msgspec.Struct):
    """A file, by its bytes; by its id it is not supported."""

    filename: str | None = None
    file_data: str | None = None
    file_id: str | None = None


class FilePart(msgspec.Struct, tag_field="type", tag="file"):
    """A file."""

    file: FileData


class AudioPart(msgspec.Struct, tag_field="type", tag="input_audio"):
    """Sound; known so that its refusal can say so."""


class FunctionCall(msgspec.Struct):
    """A function, and its arguments as JSON text."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    arguments: str


class ToolCall(msgspec.Struct):
    """A tool that the model called."""

    id: Annotated[str, msgspec.Meta(min_length=1)]
    function: FunctionCall | None = None


TextParts: TypeAlias = Annotated[list[TextPart], msgspec.Meta(min_length=1)]
AssistantParts: TypeAlias = Annotated[list[TextPart | RefusalPart], msgspec.Meta(min_length=1)]
ToolParts: TypeAlias = Annotated[list[TextPart | ImagePart | FilePart], msgspec.Meta(min_length=1)]
UserPart: TypeAlias = TextPart | ImagePart | FilePart | AudioPart
UserParts: TypeAlias = Annotated[list[UserPart], msgspec.Meta(min_length=1)]


class SystemMessage(msgspec.Struct, tag_field="role", tag="system"):
    """What the model is told to be."""

    content: str | TextParts
    name: str | None = None


class DeveloperMessage(msgspec.Struct, tag_field="role", tag="developer"):
    """The newer name of a system message."""

    content: str | TextParts
    name: str | None = None


class UserMessage(msgspec.Struct, tag_field="role", tag="user"):
    """What the user said."""

    content: str | UserParts
    name: str | None = None


class AssistantMessage(msgspec.Struct, tag_field="role", tag="assistant"):
    """What the model said."""

    content: str | AssistantParts | None = None
    refusal: str | None = None
    tool_calls: list[ToolCall] | None = None
    name: str | None = None


class ToolMessage(msgspec.Struct, tag_field="role", tag="tool"):
    """What a tool that the client ran gave."""

    content: str | ToolParts
    tool_call_id: str


Message: TypeAlias = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage
Messages: TypeAlias = Annotated[list[Message], msgspec.Meta(min_length=1, max_length=MAX_MESSAGES)]

"""docs/grpc-reference.md, as far as it is made from the protos and their comments."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    ServiceDescriptorProto,
)
from hotseat_core.access.policy import Need, need_of

ROOT = Path(__file__).parents[1]
_PACKAGE = "hotseat.v1"
# Where a descriptor's parts are in it: the numbers that a path of SourceCodeInfo is made of.
_SYNTAX, _MESSAGES, _ENUMS, _SERVICES = 12, 4, 5, 6
_METHODS, _FIELDS, _NESTED, _NESTED_ENUMS, _ONEOFS, _VALUES = 2, 2, 3, 4, 8, 2
_NEEDS = {
    Need.NOTHING: "No key is needed; without one a part of the answer is left out.",
    Need.KEY: "Needs a key.",
    Need.CONVERSE: "Needs a key with the scope `converse`.",
    Need.ADMIN: "Needs a key with the scope `admin`.",
}

Where = tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """One file of protos, with its comments."""

    file: FileDescriptorProto
    comments: dict[Where, str]

    def said(self, *where: int) -> str:
        """The comment at this place, as Markdown."""
        return _prose(self.comments.get(where, ""))

    def said_in_a_cell(self, *where: int) -> str:
        """The comment at this place, in one line of a table."""
        return _escaped(" ".join(self.comments.get(where, "").split())).replace("|", r"\|")


def services() -> str:
    """Every service, with its calls."""
    return "\n\n".join(
        part
        for source in _sources()
        for number, service in enumerate(source.file.service)
        for part in _service(source, service, (_SERVICES, number))
    )


def messages() -> str:
    """Every message and enum, file by file."""
    return "\n\n".join(part for source in _sources() for part in _file(source))


@cache
def _sources() -> Sequence[Source]:
    buf = Path(sys.executable).with_name("buf")
    built = subprocess.run([buf, "build", "-o", "-#format=binpb"], cwd=ROOT, check=True, capture_output=True).stdout
    files = [file for file in FileDescriptorSet.FromString(built).file if file.package == _PACKAGE]
    return [Source(file, _comments(file)) for file in sorted(files, key=lambda file: file.name)]


def _comments(file: FileDescriptorProto) -> dict[Where, str]:
    return {tuple(place.path): place.leading_comments for place in file.source_code_info.location}


def _service(source: Source, service: ServiceDescriptorProto, where: Where) -> Iterator[str]:
    yield f"### {service.name}"
    yield source.said(*where)
    for number, method in enumerate(service.method):
        yield f"#### {service.name}.{method.name}"
        sent, answered = (method.input_type, method.client_streaming), (method.output_type, method.server_streaming)
        yield f"{_carried(*sent)} → {_carried(*answered)}"
        yield source.said(*where, _METHODS, number)
        yield _NEEDS[need_of(f"/{source.file.package}.{service.name}/{method.name}")]


def _carried(type_name: str, is_stream: bool) -> str:
    return f"{'stream of ' if is_stream else ''}{_linked(type_name)}"


def _file(source: Source) -> Iterator[str]:
    yield f"### {Path(source.file.name).name}"
    yield source.said(_SYNTAX)
    for number, message in enumerate(source.file.message_type):
        yield from _message(source, message, (_MESSAGES, number), "")
    for number, enum in enumerate(source.file.enum_type):
        yield from _enum(source, enum, (_ENUMS, number), "")


def _message(source: Source, message: DescriptorProto, where: Where, parent: str) -> Iterator[str]:
    name = f"{parent}{message.name}"
    yield f"#### {name}"
    yield source.said(*where)
    if message.field:
        yield _table(("field", "no.", "type", "meaning"), _fields(source, message, where))
    for number, oneof in enumerate(message.oneof_decl):
        if said := source.said(*where, _ONEOFS, number):
            yield f"`{oneof.name}`: {said}"
    for number, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:
            yield from _message(source, nested, (*where, _NESTED, number), f"{name}.")
    for number, enum in enumerate(message.enum_type):
        yield from _enum(source, enum, (*where, _NESTED_ENUMS, number), f"{name}.")


def _fields(source: Source, message: DescriptorProto, where: Where) -> Iterator[tuple[str, ...]]:
    for number, field in enumerate(message.field):
        said = source.said_in_a_cell(*where, _FIELDS, number)
        if field.HasField("oneof_index") and not field.proto3_optional:
            said = f"*One of `{message.oneof_decl[field.oneof_index].name}`.* {said}"
        yield f"`{field.name}`", str(field.number), _type(message, field), said


def _type(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    for nested in message.nested_type:
        if nested.options.map_entry and field.type_name.endswith(f".{message.name}.{nested.name}"):
            key, value = nested.field
            return f"map of {_named(key)} to {_named(value)}"
    if field.label == FieldDescriptorProto.LABEL_REPEATED:
        return f"list of {_named(field)}"
    return f"optional {_named(field)}" if field.proto3_optional else _named(field)


def _named(field: FieldDescriptorProto) -> str:
    if field.type_name:
        return _linked(field.type_name)
    return f"`{FieldDescriptorProto.Type.Name(field.type).removeprefix('TYPE_').lower()}`"


def _linked(type_name: str) -> str:
    name = type_name.removeprefix(f".{_PACKAGE}.")
    if name == type_name:  # of another package: google.protobuf's
        return f"`{name.removeprefix('.')}`"
    return f"[{name}](#{name.replace('.', '').lower()})"


def _enum(source: Source, enum: EnumDescriptorProto, where: Where, parent: str) -> Iterator[str]:
    yield f"#### {parent}{enum.name}"
    yield source.said(*where)
    rows = (
        (f"`{value.name}`", str(value.number), source.said_in_a_cell(*where, _VALUES, number))
        for number, value in enumerate(enum.value)
    )
    yield _table(("value", "no.", "meaning"), rows)


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _prose(comment: str) -> str:
    """A comment as Markdown: paragraphs, and what is indented as it stands."""
    paragraphs = re.split(r"\n *\n", comment.rstrip())
    return "\n\n".join(
        "\n".join(f"   {line}" for line in paragraph.splitlines())
        if paragraph.startswith("  ")
        else _escaped("\n".join(re.sub(r"^\* ", "- ", line.strip()) for line in paragraph.splitlines()))
        for paragraph in paragraphs
    )


def _escaped(text: str) -> str:
    """What Markdown or HTML would take for a mark, as text; what stands between backticks stays."""
    return "".join(
        part if part.startswith("`") else re.sub(r"([<*])", r"\\\1", part) for part in re.split(r"(`[^`]*`)", text)
    )

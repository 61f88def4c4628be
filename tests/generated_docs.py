"""The parts of the documents that are made from tables in the code. `make docs` writes them; a test compares."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from hotseat_cli import connect
from hotseat_cli.recipes import RECIPES
from hotseat_edge.openai import completions, schema
from hotseat_edge.openai.fields import Field, FieldTable
from hotseat_edge.responses import schema as responses
from hotseat_serving.configuration.table import GROUPS

from tests import grpc_reference, settings_docs
from tests.bad_inputs import document

ROOT = Path(__file__).parents[1]


def listed(fields: Mapping[str, Field], heading: str) -> str:
    """Fields, as a table."""
    rows = [f"| `{name}` | {field.only or field.remarks} |" for name, field in fields.items()]
    return "\n".join([f"| field | {heading} |", "|---|---|", *rows])


def fields(table: FieldTable) -> str:
    """All fields, by what becomes of them."""
    every = table.fields
    return "\n\n".join(
        [
            "Taken:",
            listed({name: field for name, field in every.items() if field.taken}, "remarks"),
            "Taken at some values only, else 400 naming the field:",
            listed({name: field for name, field in every.items() if field.fixed is not None}, "what it may be"),
            "Accepted and without effect, named in the answer's `x-ignored-params` header, like all that are not here:",
            listed({name: field for name, field in every.items() if field.is_ignored}, "why"),
        ]
    )


def recipe(name: str) -> str:
    """What `hotseat connect` prints for this client."""
    told = RECIPES[name]
    return f"```{told.language}\n{told.text(connect.URL, 'claude')}```"


# Document -> part -> what stands between its marks.
PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "docs/openai.md": {
        "chat-fields": lambda: fields(schema.TABLE),
        "completion-fields": lambda: fields(completions.TABLE),
    },
    "docs/responses.md": {"response-fields": lambda: fields(responses.TABLE)},
    "docs/errors.md": {
        "codes": document.codes,
        "reasons": document.reasons,
        "http-inputs": document.http_inputs,
        "grpc-inputs": document.grpc_inputs,
    },
    "docs/grpc-reference.md": {"services": grpc_reference.services, "messages": grpc_reference.messages},
    "docs/settings.md": {group.mark: partial(settings_docs.table, group) for group in GROUPS},
    **{f"docs/clients/{name}.md": {"recipe": partial(recipe, name)} for name in RECIPES},
}

# What is made as a whole.
FILES: Mapping[str, Callable[[], str]] = {".env.example": settings_docs.env_example}


def renewed(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """The document's text with its parts as they should be."""
    for name, make in parts.items():
        marks = re.compile(rf"(<!-- {name}: made by make docs -->\n).*?(<!-- end -->)", re.DOTALL)
        (found,) = marks.finditer(text)
        text = f"{text[: found.start()]}{found[1]}\n{make()}\n{found[2]}{text[found.end() :]}"
    return text


if __name__ == "__main__":
    for name, wanted in PARTS.items():
        path = ROOT / name
        path.write_text(renewed(path.read_text(encoding="utf-8"), wanted), encoding="utf-8")
    for name, whole in FILES.items():
        (ROOT / name).write_text(whole(), encoding="utf-8")

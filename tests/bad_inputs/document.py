"""docs/errors.md, as far as it is made from the tables."""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import yaml
from hotseat.errors import CODES
from hotseat_edge.openai.errors import _SHAPES

from tests.bad_inputs import table

_NAME = re.compile(
    r"\b([A-Z]+(?:_[A-Z]+)+|[a-z]+(?:_[a-z]+)+|X-[A-Z][\w-]+|x-request-id|Retry-After|force=true)(?![\w.])"
)
# The functions that take a code as an argument without its name, and which one it is.
_PLACE_OF_CODE = {"invalid": 2, "_Shape": 2, "_decode": 2}


def catalogue() -> dict[str, dict[str, dict[str, Any]]]:
    """Every code, by what it is about."""
    found: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load((table.HERE / "catalogue.yaml").read_text("utf-8"))
    return found


def codes() -> str:
    """The catalogue, as tables."""
    return _tables(
        ["`code`", "status", "what has happened", "what to do"],
        (
            (group, [f"`{code}`", "/".join(map(str, entry["status"])), _marked(entry["means"]), _marked(entry["do"])])
            for group, known in catalogue().items()
            for code, entry in known.items()
        ),
    )


def http_inputs() -> str:
    """The rows that are sent to the edge, as tables."""
    return _tables(
        ["request", "answer", "`param`"],
        ((row.group, [row.says, f"{row.status} {_code(row.code)}", _code(row.param)]) for row in table.http()),
    )


def grpc_inputs() -> str:
    """The rows that are sent to the core, as tables."""
    return _tables(
        ["call or message", "answer", "field"],
        ((f"{row.group} (gRPC)", [row.says, _ending(row), _code(row.violated)]) for row in table.grpc()),
    )


def reasons() -> str:
    """What becomes of the core's reasons over HTTP."""
    rows = [
        [reason, CODES[reason].name, f"{shape.status} `{shape.code}`"]
        for reason, shape in _SHAPES.items()
        if reason in CODES
    ]
    return _table(["reason", "gRPC", "HTTP"], rows)


def codes_in(source: str) -> Iterator[str]:
    """Yield the codes of errors that a module of the edge makes."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            place = _PLACE_OF_CODE.get(name, len(node.args))
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            yield from _texts([*given, *node.args[place : place + 1]])
        elif isinstance(node, ast.Dict) and all(isinstance(value, ast.Tuple) for value in node.values):
            # {404: ("unknown_url", "..."), ...}
            by_status = [isinstance(key, ast.Constant) and isinstance(key.value, int) for key in node.keys]
            if all(by_status):
                yield from _texts([value.elts[0] for value in node.values if isinstance(value, ast.Tuple)])


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _tables(heads: list[str], rows: Iterable[tuple[str, list[str]]]) -> str:
    """A table for each group of rows."""
    grouped = groupby(rows, key=lambda row: row[0])
    return "\n\n".join(f"### {group}\n\n{_table(heads, (cells for _, cells in found))}" for group, found in grouped)


def _table(heads: list[str], rows: Iterable[list[str]]) -> str:
    cells = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in row)} |" for row in cells)


def _ending(row: table.GrpcRow) -> str:
    return f"`input_rejected` {row.reason}" if row.is_rejection else f"{row.code} {row.reason}"


def _marked(text: str) -> str:
    return _NAME.sub(r"`\1`", text)


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""

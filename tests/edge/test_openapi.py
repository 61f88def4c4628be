"""The OpenAPI document is valid, and tells of the routes and answers as they are."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hotseat_edge.openai import completions, schema

from tests.edge.conftest import HELLO, Edge, events

PROMPT = {"model": "claude", "prompt": "hi"}


async def document(edge: Edge) -> dict[str, Any]:
    response = await edge.http.get("/openapi.json")
    assert response.headers["content-type"].startswith("application/json")
    told: dict[str, Any] = response.json()
    return told


def check(told: dict[str, Any], path: str, method: str, kind: str, body: object) -> None:
    """Fail where the body is not what the document promises."""
    shape = told["paths"][path][method]["responses"]["200"]["content"][kind]["schema"]
    jsonschema_rs.validate({**shape, "components": told["components"]}, body)


async def test_every_schema_in_it_is_one_and_every_reference_leads_somewhere(edge: Edge) -> None:
    told = await document(edge)
    for name, shape in told["components"]["schemas"].items():
        jsonschema_rs.validator_for({**shape, "components": told["components"]}, offline=True)
        assert name


async def test_it_has_every_route_with_a_sentence_for_each(edge: Edge) -> None:
    told = await document(edge)
    assert {"/v1/chat/completions", "/v1/responses", "/health", "/conversations/{id}"} <= set(told["paths"])
    assert set(told["paths"]["/conversations/{id}"]) == {"get", "delete"}
    summaries = [operation["summary"] for path in told["paths"].values() for operation in path.values()]
    assert all(summary.endswith(".") or ":" in summary for summary in summaries), summaries


@pytest.mark.parametrize(
    ("path", "table"), [("/v1/chat/completions", schema.TABLE), ("/v1/completions", completions.TABLE)]
)
async def test_it_has_every_field_of_the_tables(edge: Edge, path: str, table: Any) -> None:
    body = (await document(edge))["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert list(body["properties"]) == list(table.fields)
    assert body["required"] == list(table.required)
    assert body["properties"]["seed"]["description"].startswith("Without effect")


@pytest.mark.parametrize(("path", "body"), [("/v1/chat/completions", HELLO), ("/v1/completions", PROMPT)])
async def test_real_answers_have_the_shapes_that_it_promises(edge: Edge, path: str, body: dict[str, Any]) -> None:
    told = await document(edge)
    whole = await edge.http.post(path, json=body)
    check(told, path, "post", "application/json", whole.json())
    options = {"stream": True, "stream_options": {"include_usage": True}}
    streamed = await edge.http.post(path, json=body | options)
    for chunk in events(streamed)[:-1]:
        check(told, path, "post", "text/event-stream", chunk)
    refused = await edge.http.post(path, json=body | {"n": 2})
    error = told["paths"][path]["post"]["responses"]["default"]["content"]["application/json"]["schema"]
    jsonschema_rs.validate({**error, "components": told["components"]}, refused.json())


async def test_models_have_the_shape_that_it_promises(edge: Edge) -> None:
    told = await document(edge)
    check(told, "/v1/models", "get", "application/json", (await edge.http.get("/v1/models")).json())
    check(told, "/v1/models/{id}", "get", "application/json", (await edge.http.get("/v1/models/claude")).json())


async def test_made_up_requests_are_answered_as_it_says(edge: Edge, tmp_path: Path) -> None:
    told = await document(edge)
    for path in ("/v1/chat/completions", "/v1/completions"):
        body = told["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        body["properties"]["model"] = {"const": "claude"}  # others are not found, and nothing else is looked at
    (tmp_path / "openapi.json").write_text(json.dumps(told))
    checks = "not_a_server_error,response_schema_conformance,content_type_conformance,status_code_conformance"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", str(tmp_path / "openapi.json"), f"--url={edge.url}"),
        *("--phases=fuzzing", "--max-examples=15", "--mode=positive", f"--checks={checks}", "--seed=1"),
        *("--include-path-regex=^/v1/(chat/completions|completions|models)", "--generation-database=none"),
        cwd=tmp_path,
        env={"PATH": "", "NO_COLOR": "1", "HOME": str(tmp_path)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(50):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    assert b"9 passed" in said, said.decode()


async def test_the_page_needs_nothing_from_elsewhere(edge: Edge) -> None:
    page = await edge.http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for part, kind in (("docs.js", "text/javascript"), ("docs.css", "text/css")):
        assert f"docs/{part}" in page.text
        found = await edge.http.get(f"/docs/{part}")
        assert (found.status_code, found.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
        assert "://" not in found.text
    assert "://" not in page.text
    assert (await edge.http.get("/docs/docs.py")).status_code == 404

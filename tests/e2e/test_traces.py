"""Traces through the whole house: from an HTTP client over both servers to the provider, and into an agent's tools."""

import secrets
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc.aio
import httpx
import pytest
import pytest_asyncio
from hotseat import pb
from hotseat.v1.conversation_service_pb2_grpc import ConversationServiceStub

from tests.e2e.house import House, last_said, new_id, running, tag
from tests.e2e.logged import records
from tests.fakes.collector import Collector, collecting

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/v1/chat/completions"
WORD = "canaryword"  # in all that is said: no trace may have it
SERVER, CLIENT = 2, 3  # kinds of spans, as OTLP has them


@dataclass
class Traced:
    """A house that traces, and where its spans go."""

    house: House
    collector: Collector
    http: httpx.AsyncClient


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def traced(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Traced]:
    async with collecting() as collector:
        otel = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=ours",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }
        async with running(tmp_path_factory.mktemp("traced"), POOL_SIZE="2", HOTSEAT_SANDBOX="off", **otel) as house:
            await house.edge.close()
            await house.start_edge(**otel)
            async with httpx.AsyncClient(base_url=house.edge.address, trust_env=False, timeout=60) as http:
                yield Traced(house, collector, http)


def new_parent() -> tuple[str, str, str]:
    """A trace that somebody else has begun: its id, the parent's, and both as the header has them."""
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    return trace_id, span_id, f"00-{trace_id}-{span_id}-01"


async def test_one_trace_leads_from_the_client_over_both_servers_to_the_provider(traced: Traced) -> None:
    trace_id, caller, header = new_parent()
    said = f"[[say {WORD} back]] {WORD} {tag()}"
    body = {"model": "claude", "stream": True, "messages": [{"role": "user", "content": said}]}
    headers = {"traceparent": header, "tracestate": "vendor=1", "X-Conversation-ID": (name := new_id())}
    answer = await traced.http.post(CHAT, json=body, headers=headers)
    assert "back" in answer.text

    asked = next(asked for asked in traced.house.demo.main_requests if last_said(asked.messages) == said)
    assert asked.body is not None
    model = asked.body["model"]
    parts = ("wait", "queue", "bind", f"chat {model}")
    found = await traced.collector.trace(trace_id, f"POST {CHAT}", "invoke_agent claude", *parts)
    request, turn, call = found[f"POST {CHAT}"], found["invoke_agent claude"], found[f"chat {model}"]

    assert (request.service, request.kind, request.parent_id) == ("hotseat-edge", SERVER, caller)
    assert (turn.service, turn.kind, turn.parent_id) == ("hotseat-core", SERVER, request.span_id)
    assert {found[part].parent_id for part in parts} == {turn.span_id}
    assert call.kind == CLIENT
    assert asked.headers["traceparent"] == f"00-{trace_id}-{call.span_id}-01"
    assert asked.headers["tracestate"] == "vendor=1"
    order = [found[part].begin_ns for part in parts]
    assert order == sorted(order)
    assert turn.begin_ns <= order[0]
    assert call.end_ns <= turn.end_ns

    told = turn.attributes
    assert (told["gen_ai.operation.name"], told["gen_ai.provider.name"]) == ("invoke_agent", "anthropic")
    assert (told["gen_ai.conversation.id"], told["gen_ai.response.finish_reasons"]) == (name, ["stop"])
    assert told["hotseat.tenant"] == request.attributes["hotseat.tenant"] == "default"
    assert told["hotseat.worker.source"] in {"warm", "cold"}
    assert told["gen_ai.usage.output_tokens"] == call.attributes["gen_ai.usage.output_tokens"] > 0
    assert (call.attributes["http.response.status_code"], call.attributes["gen_ai.request.model"]) == (200, model)
    assert (request.attributes["http.route"], request.attributes["http.response.status_code"]) == (CHAT, 200)
    assert not any(span.is_error for span in found.values())
    assert told["hotseat.request_id"] == request.attributes["hotseat.turn_request_id"]

    # The logs tell the same trace, and the same ids.
    (line,) = [line for line in records(traced.house.core.log) if line.get("trace_id") == trace_id]
    assert (line["event"], line["request_id"]) == ("turn ended", told["hotseat.request_id"])
    (access,) = [line for line in records(traced.house.edge.log) if line.get("trace_id") == trace_id]
    assert access["request_id"] == answer.headers["x-request-id"] == request.attributes["hotseat.request_id"]


async def test_a_tool_of_an_agent_learns_of_the_turn_that_uses_it_on_a_spare_and_on_a_hot_process(
    traced: Traced,
) -> None:
    async def allow(_: pb.PermissionRequest) -> pb.PermissionAllow:
        return pb.PermissionAllow()

    policy = pb.PermissionPolicy(mode=pb.PermissionPolicy.MODE_ASK)
    settings = pb.ConversationSettings(profile="claude-code", permission_policy=policy)
    opening = pb.OpenConversation(conversation_id=new_id(), settings=settings)
    said = f'[[call Bash {{"command": "echo in=$TRACEPARENT # {WORD}"}}]] [[then]] [[say {WORD}]]'
    async with traced.house.grpc.converse(opening, on_permission=allow) as talk:
        for number in (1, 2):
            trace_id, caller, header = new_parent()
            request_id = str(uuid.uuid4())
            await talk.say(
                pb.UserInput(
                    request_id=request_id,
                    content=[pb.ContentBlock(text=said)],
                    trace_context=pb.TraceContext(traceparent=header),
                )
            )
            events = [event async for event in talk.turn(request_id)]
            (tool,) = [event.tool_completed for event in events if event.HasField("tool_completed")]
            found = await traced.collector.trace(trace_id, "invoke_agent claude-code", "execute_tool Bash")
            turn, used = found["invoke_agent claude-code"], found["execute_tool Bash"]
            assert (turn.parent_id, turn.attributes["hotseat.turn"]) == (caller, number)
            assert tool.content[0].text.strip() == f"in=00-{trace_id}-{turn.span_id}-01"
            assert used.attributes["gen_ai.tool.name"] == "Bash"
            assert turn.begin_ns < used.begin_ns < used.end_ns < turn.end_ns


async def test_a_client_s_own_instrumentation_is_heard_in_the_metadata_of_its_call(traced: Traced) -> None:
    trace_id, caller, header = new_parent()
    said = pb.UserInput(request_id=str(uuid.uuid4()), content=[pb.ContentBlock(text=f"[[say {WORD}]] {tag()}")])
    opening = pb.OpenConversation(settings=pb.ConversationSettings(profile="claude"), first_input=said)
    async with grpc.aio.insecure_channel(traced.house.core.address) as channel:
        call = ConversationServiceStub(channel).Converse(metadata=(("traceparent", header),))
        await call.write(pb.ConverseRequest(open=opening))
        while not (await call.read()).HasField("turn_completed"):
            pass
        await call.done_writing()
    found = await traced.collector.trace(trace_id, "invoke_agent claude")
    assert found["invoke_agent claude"].parent_id == caller


async def test_a_failed_turn_is_an_error_and_a_trace_that_nobody_began_begins_at_the_edge(traced: Traced) -> None:
    body = {"model": "claude", "messages": [{"role": "user", "content": f"[[error 400]] {WORD} {tag()}"}]}
    answer = await traced.http.post(CHAT, json=body, headers={"traceparent": "00-nonsense"})
    assert answer.status_code == 400
    mark = answer.headers["x-request-id"]
    (trace_id,) = [line["trace_id"] for line in records(traced.house.edge.log) if line.get("request_id") == mark]
    found = await traced.collector.trace(trace_id, f"POST {CHAT}", "invoke_agent claude")
    assert found[f"POST {CHAT}"].parent_id == ""
    turn = found["invoke_agent claude"]
    assert (turn.is_error, turn.attributes["error.type"]) == (True, "PROVIDER_REJECTED")
    assert not found[f"POST {CHAT}"].is_error  # it is the client's


async def test_no_trace_has_a_word_of_what_was_said_and_probes_leave_none(traced: Traced) -> None:
    """Last: it looks at all that came."""
    count = len(traced.collector.spans)
    assert count > 10
    for path in ("/livez", "/readyz", "/health"):
        await traced.http.get(path)
    await traced.http.get("/v1/models")
    spans = traced.collector.spans
    trace_id = records(traced.house.edge.log)[-1]["trace_id"]
    await traced.collector.trace(trace_id, "GET /v1/models")
    assert {span.name for span in spans} & {"GET /livez", "GET /readyz", "GET /health"} == set()
    assert not any(WORD.encode() in body for body in traced.collector.bodies)
    assert {headers["x-tenant"] for headers in traced.collector.headers} == {"ours"}

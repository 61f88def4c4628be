"""Carries the interop scenarios out with the asyncio client: python run_async.py SCENARIOS."""

import asyncio
import json
import os
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

from hotseat import Client, HotseatError, Talk, Tool, pb
from hotseat.talk import user_input

from tests.interop.scenario import (
    Failed,
    Seen,
    check,
    check_error,
    credentials,
    cut,
    decision_of,
    must,
    opening_of,
    options_of,
    report,
)

_TARGET = os.environ["HOTSEAT_CORE_TARGET"]
_KEY = os.environ["HOTSEAT_API_KEY"]
_CONTROL = os.environ["HOTSEAT_INTEROP_CUT"]
_PATIENCE_S = 20.0
_SCENARIO_S = 60.0


class Run:
    """One scenario."""

    def __init__(self, client: Client, scenario: dict[str, Any]) -> None:
        self.client = client
        self.scenario = scenario
        self.seen = Seen()
        self.first = user_input(scenario["first"]) if "first" in scenario else None

    async def run(self) -> None:
        if "opening" not in self.scenario:
            for step in self.scenario["steps"]:
                await self.guarded(None, step)
            return
        async with self.client.converse(
            opening_of(self.scenario),
            first=self.first,
            resume_s=self.scenario.get("resumeMs", 0) / 1000,
            tools=[self.tool(name, what) for name, what in self.scenario.get("tools", {}).items()],
            on_permission=self.decide if "permission" in self.scenario else None,
        ) as talk:
            for step in self.scenario["steps"]:
                await self.guarded(talk, step)

    async def guarded(self, talk: Talk | None, step: dict[str, Any]) -> None:
        """Carry the step out, and see that it fails where it must."""
        self.seen.begin()
        try:
            await self.step(talk, step)
        except Failed:
            raise
        except Exception as error:
            if "error" not in step:
                raise
            check_error(error, step["error"])
            return
        if "error" in step:
            raise Failed(f"{step['do']} did not fail")

    async def step(self, talk: Talk | None, step: dict[str, Any]) -> None:
        expect = step.get("expect", {})
        match step["do"]:
            case "open":
                async with self.client.converse(opening_of(step)):
                    return
            case "get-missing":
                await self.client.get_conversation("there-is-none")
                return
            case "stranger":
                async with Client(_TARGET) as stranger:
                    await stranger.list_workers()
                return
            case "uncertified" | "misled" as how:
                async with Client(_TARGET, api_key=_KEY, credentials=credentials(how)) as stranger:
                    await stranger.list_workers()
                return
            case "cut":
                cut(_CONTROL)
                return
        if talk is None:
            raise Failed(f"a step that needs a conversation: {step['do']}")
        conversation = talk.ready.conversation.conversation_id
        match step["do"]:
            case "ask":
                await self.read(talk, talk.ask(step["say"], options=options_of(step)), step.get("when", ()))
                check(self.seen, expect)
            case "first":
                assert self.first is not None
                await self.read(talk, talk.turn(self.first.request_id), ())
                check(self.seen, expect)
            case "replay":
                await self.replay(conversation, expect["turns"])
                check(self.seen, expect)
            case "get":
                must((await self.client.get_conversation(conversation)).turn_count, expect["turns"], "turns")
            case "watch":
                await self.watch(talk, conversation, step)
            case _:
                await self.steer(conversation, step)

    async def read(self, talk: Talk, turn: Any, when: Any) -> None:
        async with aclosing(turn) as events:
            async for event in events:
                self.seen.events.append(event)
                for doing in when:
                    if event.HasField("text_delta") and self.seen.deltas == doing["deltas"]:
                        await talk.interrupt() if doing["do"] == "interrupt" else cut(_CONTROL)

    async def replay(self, conversation: str, turns: int) -> None:
        opening = pb.OpenConversation(
            conversation_id=conversation, disposition=pb.OpenConversation.DISPOSITION_OBSERVE, start_sequence=1
        )
        async with self.client.converse(opening, resume_s=_PATIENCE_S) as talk, aclosing(talk.events()) as events:
            async for event in events:
                self.seen.events.append(event)
                turns -= event.HasField("turn_completed")
                if not turns:
                    return

    async def watch(self, talk: Talk, conversation: str, step: dict[str, Any]) -> None:
        async with aclosing(self.client.watch_pool(min_interval_s=0.05)) as watching:
            first = await anext(watching)
            must(first.pool.size.max_workers, step["expect"]["maxWorkers"], "max_workers")
            await self.read(talk, talk.ask(step["say"]), ())
            async for update in watching:
                if any(worker.conversation_id == conversation for worker in update.workers):
                    break
        listed = await self.client.list_workers()
        must(conversation in {worker.conversation_id for worker in listed.workers}, True, "the worker is listed")

    async def steer(self, conversation: str, step: dict[str, Any]) -> None:
        match step["do"]:
            case "evict":
                must(bool(await self.client.evict_conversation(conversation)), True, "a worker held it")
            case "drain":
                state = (await self.client.drain_pool()).state
                must(state in {pb.Pool.STATE_DRAINING, pb.Pool.STATE_DRAINED}, True, "it drains")
            case "resume":
                must((await self.client.resume_pool()).state, pb.Pool.STATE_ACTIVE, "state")
            case "resize":
                resized = await self.client.resize_pool(max_queue=step["maxQueue"])
                must(resized.size.max_queue, step["maxQueue"], "max_queue")
            case "delete":
                await self.client.delete_conversation(conversation)
                try:
                    await self.client.get_conversation(conversation)
                except HotseatError as error:
                    check_error(error, {"reason": "CONVERSATION_NOT_FOUND"})
                else:
                    raise Failed("it is still there")
            case other:
                raise Failed(f"an unknown step: {other}")

    def tool(self, name: str, what: dict[str, str]) -> Tool:
        async def run(said: dict[str, Any]) -> str:
            self.seen.calls.append({"name": name, "input": said})
            if "fails" in what:
                raise RuntimeError(what["fails"])
            return what["answer"]

        return Tool(name, run, description=f"The tool {name}.", input_schema={"type": "object"})

    async def decide(self, request: pb.PermissionRequest) -> pb.PermissionAllow | pb.PermissionDeny:
        self.seen.asked.append(request.tool_name)
        if self.scenario["permission"] == "cut-then-allow":
            cut(_CONTROL)
        return decision_of(self.scenario["permission"])


async def main() -> None:
    async with Client(_TARGET, api_key=_KEY, credentials=credentials()) as client:
        for scenario in json.loads(Path(sys.argv[1]).read_text()):
            try:
                async with asyncio.timeout(_SCENARIO_S):
                    await Run(client, scenario).run()
            except Exception as error:  # noqa: BLE001 - whatever went wrong is what is reported
                report(scenario["name"], error)
            else:
                report(scenario["name"], None)


if __name__ == "__main__":
    asyncio.run(main())

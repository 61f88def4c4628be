"""Carries the interop scenarios out with the client that needs no asyncio: python run_sync.py SCENARIOS."""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hotseat import HotseatError, pb
from hotseat.sync import Client, Talk, Tool
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


class Run:
    """One scenario."""

    def __init__(self, client: Client, scenario: dict[str, Any]) -> None:
        self.client = client
        self.scenario = scenario
        self.seen = Seen()
        self.first = user_input(scenario["first"]) if "first" in scenario else None

    def run(self) -> None:
        if "opening" not in self.scenario:
            for step in self.scenario["steps"]:
                self.guarded(None, step)
            return
        with self.client.converse(
            opening_of(self.scenario),
            first=self.first,
            resume_s=self.scenario.get("resumeMs", 0) / 1000,
            tools=[self.tool(name, what) for name, what in self.scenario.get("tools", {}).items()],
            on_permission=self.decide if "permission" in self.scenario else None,
        ) as talk:
            for step in self.scenario["steps"]:
                self.guarded(talk, step)

    def guarded(self, talk: Talk | None, step: dict[str, Any]) -> None:
        """Carry the step out, and see that it fails where it must."""
        self.seen.begin()
        try:
            self.step(talk, step)
        except Failed:
            raise
        except Exception as error:
            if "error" not in step:
                raise
            check_error(error, step["error"])
            return
        if "error" in step:
            raise Failed(f"{step['do']} did not fail")

    def step(self, talk: Talk | None, step: dict[str, Any]) -> None:
        expect = step.get("expect", {})
        match step["do"]:
            case "open":
                with self.client.converse(opening_of(step)):
                    return
            case "get-missing":
                self.client.get_conversation("there-is-none")
                return
            case "stranger":
                with Client(_TARGET) as stranger:
                    stranger.list_workers()
                return
            case "uncertified" | "misled" as how:
                with Client(_TARGET, api_key=_KEY, credentials=credentials(how)) as stranger:
                    stranger.list_workers()
                return
            case "cut":
                cut(_CONTROL)
                return
        if talk is None:
            raise Failed(f"a step that needs a conversation: {step['do']}")
        conversation = talk.ready.conversation.conversation_id
        match step["do"]:
            case "ask":
                self.read(talk, talk.ask(step["say"], options=options_of(step)), step.get("when", ()))
                check(self.seen, expect)
            case "first":
                assert self.first is not None
                self.read(talk, talk.turn(self.first.request_id), ())
                check(self.seen, expect)
            case "replay":
                self.replay(conversation, expect["turns"])
                check(self.seen, expect)
            case "get":
                must(self.client.get_conversation(conversation).turn_count, expect["turns"], "turns")
            case "watch":
                self.watch(talk, conversation, step)
            case _:
                self.steer(conversation, step)

    def read(self, talk: Talk, turn: Iterable[pb.ConverseResponse], when: Iterable[dict[str, Any]]) -> None:
        for event in turn:
            self.seen.events.append(event)
            for doing in when:
                if event.HasField("text_delta") and self.seen.deltas == doing["deltas"]:
                    talk.interrupt() if doing["do"] == "interrupt" else cut(_CONTROL)

    def replay(self, conversation: str, turns: int) -> None:
        opening = pb.OpenConversation(
            conversation_id=conversation, disposition=pb.OpenConversation.DISPOSITION_OBSERVE, start_sequence=1
        )
        with self.client.converse(opening, resume_s=_PATIENCE_S) as talk:
            for event in talk.events():
                self.seen.events.append(event)
                turns -= event.HasField("turn_completed")
                if not turns:
                    return

    def watch(self, talk: Talk, conversation: str, step: dict[str, Any]) -> None:
        watching = self.client.watch_pool(min_interval_s=0.05)
        must(next(watching).pool.size.max_workers, step["expect"]["maxWorkers"], "max_workers")
        self.read(talk, talk.ask(step["say"]), ())
        for update in watching:
            if any(worker.conversation_id == conversation for worker in update.workers):
                break
        held = {worker.conversation_id for worker in self.client.list_workers().workers}
        must(conversation in held, True, "the worker is listed")

    def steer(self, conversation: str, step: dict[str, Any]) -> None:
        match step["do"]:
            case "evict":
                must(bool(self.client.evict_conversation(conversation)), True, "a worker held it")
            case "drain":
                state = self.client.drain_pool().state
                must(state in {pb.Pool.STATE_DRAINING, pb.Pool.STATE_DRAINED}, True, "it drains")
            case "resume":
                must(self.client.resume_pool().state, pb.Pool.STATE_ACTIVE, "state")
            case "resize":
                resized = self.client.resize_pool(max_queue=step["maxQueue"])
                must(resized.size.max_queue, step["maxQueue"], "max_queue")
            case "delete":
                self.client.delete_conversation(conversation)
                try:
                    self.client.get_conversation(conversation)
                except HotseatError as error:
                    check_error(error, {"reason": "CONVERSATION_NOT_FOUND"})
                else:
                    raise Failed("it is still there")
            case other:
                raise Failed(f"an unknown step: {other}")

    def tool(self, name: str, what: dict[str, str]) -> Tool:
        def run(said: dict[str, Any]) -> str:
            self.seen.calls.append({"name": name, "input": said})
            if "fails" in what:
                raise RuntimeError(what["fails"])
            return what["answer"]

        return Tool(name, run, description=f"The tool {name}.", input_schema={"type": "object"})

    def decide(self, request: pb.PermissionRequest) -> pb.PermissionAllow | pb.PermissionDeny:
        self.seen.asked.append(request.tool_name)
        if self.scenario["permission"] == "cut-then-allow":
            cut(_CONTROL)
        return decision_of(self.scenario["permission"])


def main() -> None:
    with Client(_TARGET, api_key=_KEY, credentials=credentials()) as client:
        for scenario in json.loads(Path(sys.argv[1]).read_text()):
            try:
                Run(client, scenario).run()
            except Exception as error:  # noqa: BLE001 - whatever went wrong is what is reported
                report(scenario["name"], error)
            else:
                report(scenario["name"], None)


if __name__ == "__main__":
    main()

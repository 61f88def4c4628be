"""The fake CLI's session: its pipes, its history, and the control protocol."""

import itertools
import json
import os
import queue
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.fakes.claude_frames import Frame, Row, is_prompt

FAULTS = {
    "exit": "complain and end at once",
    "silent": "start, and answer nothing",
    "deaf": "ignore SIGTERM and the end of the input",
    "child": "start a process that leaves the group and holds none of the pipes",
    "holder": "start a process that leaves the group and keeps the output open",
    "stderr": "flood the standard error",
    "no-rewind": "refuse to go back",
    "no-resume": "end at once where it is given a session file",
    "forgetful": "start with a session file as if it were not there",
    "no-seed": "end at the first message of a history",
    "mute-seed": "never confirm a message of a history",
    "no-initialize": "refuse initialize",
    "no-flags": "refuse apply_flag_settings",
    "late-result": "report an interrupted turn only after the answer to the rewind",
    "impatient": "withdraw the calls of the host's tools at once",
    "unstreamed": "tell of calls of the host's tools in whole blocks",
    "shortens": "tell the model something else than a result of the host's tools",
    "litter": "leave a file in the working directory",
}


class TurnInterruptedError(Exception):
    """The host rewinds the conversation while its turn runs."""


class Session:
    """One process: what it was told, what it holds, and the turn that runs."""

    def __init__(self, faults: set[str]) -> None:
        self.faults = faults
        self.rows: list[Row] = []
        self.incoming: queue.Queue[Frame | None] = queue.Queue()
        self.waiting: list[Frame] = []  # came in the middle of a turn
        self.numbers = itertools.count(1)
        self.system_prompt = ""
        self.settings: Frame = {}
        self.model = "default"
        self.mode = "default"
        self.cost = 0.0

    # ---- the pipes

    def write(self, *frames: Frame) -> None:
        """Say something; frames that belong together go out together."""
        text = "".join(json.dumps(frame, separators=(",", ":")) + "\n" for frame in frames)
        write_all(text.encode())

    def next_frame(self) -> Frame | None:
        """What the host says; None: it will say nothing more."""
        frame = self.waiting.pop(0) if self.waiting else self.incoming.get()
        if frame is None and "deaf" in self.faults:
            wait_forever()
        return frame

    # ---- outside of turns

    def serve(self) -> None:
        """Answer until the end of the input."""
        while (frame := self.next_frame()) is not None:
            if frame["type"] == "control_request":
                self.control(frame)
            elif frame["type"] == "assistant":
                self.hold("assistant", frame)
            elif frame["type"] == "user" and frame.get("shouldQuery") is False:
                self.seed(frame)
            elif frame["type"] == "user":
                self.run_turn(frame)

    def resume(self, path: str) -> None:
        """Begin with what a session file holds; each of its rows follows the one before."""
        if "no-resume" in self.faults:
            os._exit(1)
        found = [json.loads(line) for line in Path(path).read_bytes().splitlines()]
        assert [row["parentUuid"] for row in found] == [None, *(row["uuid"] for row in found[:-1])]
        assert {row["sessionId"] for row in found} == {Path(path).stem}
        for row in found if "forgetful" not in self.faults else []:
            self.hold(row["type"], row)

    def hold(self, role: str, frame: Frame) -> None:
        """Add to the history."""
        self.rows.append({"role": role, "content": frame["message"]["content"], "uuid": frame["uuid"]})

    def seed(self, frame: Frame) -> None:
        """A user's message of the past."""
        if "no-seed" in self.faults:
            os._exit(1)
        self.hold("user", frame)
        if "mute-seed" not in self.faults:
            self.write(self.result(frame["uuid"], num_turns=0))

    def control(self, frame: Frame, running: str = "") -> None:
        """Answer a control request; running: the uuid of the turn's prompt, if one runs."""
        request, request_id = frame["request"], frame["request_id"]
        subtype = request["subtype"]
        refused = {"initialize": "no-initialize", "apply_flag_settings": "no-flags"}.get(subtype)
        if "silent" in self.faults:
            return
        if refused in self.faults:
            self.respond(request_id, error=f"{subtype} went wrong")
        elif subtype == "rewind_conversation":
            self.rewind(request_id, request, running)
        else:
            self.take_in(subtype, request)
            self.respond(request_id, {"subtype": subtype, "pid": os.getpid()})

    def take_in(self, subtype: str, request: Frame) -> None:
        """Remember what a control request sets."""
        if subtype == "initialize":
            said = request.get("systemPrompt") or [request.get("appendSystemPrompt", "")]
            self.system_prompt = "".join(said)
        elif subtype == "apply_flag_settings":
            self.settings |= request["settings"]
        elif subtype == "set_model":
            self.model = request["model"]
        elif subtype == "set_permission_mode":
            self.mode = request["mode"]

    def rewind(self, request_id: str, request: Frame, running: str) -> None:
        """Forget a prompt and all that follows it; only a prompt that is there."""
        last = next((row["uuid"] for row in reversed(self.rows) if row["role"] == "user" and row["uuid"]), None)
        index = next((i for i, row in enumerate(self.rows) if row["uuid"] == request["target_message_uuid"]), None)
        if "no-rewind" in self.faults or index is None or not is_prompt(self.rows[index]):
            self.respond(request_id, {"rewound": False, "reason": "target_not_found"})
        elif last != request.get("last_seen_user_message_uuid", self.rows[index]["uuid"]):
            self.respond(request_id, {"rewound": False, "reason": "stale_target"})
        else:
            del self.rows[index:]
            ending = self.result(running, subtype="error_during_execution", is_error=True) if running else None
            answer = {"rewound": True, "prefillText": ""}
            if ending is not None and "late-result" not in self.faults:
                self.write(ending)
            self.respond(request_id, answer)
            if ending is not None and "late-result" in self.faults:
                self.write(ending)
            if running:
                raise TurnInterruptedError

    def respond(self, request_id: str, payload: Frame | None = None, error: str = "") -> None:
        """Answer a control request."""
        body: Frame = {"request_id": request_id}
        body |= {"subtype": "error", "error": error} if error else {"subtype": "success", "response": payload}
        self.write({"type": "control_response", "response": body})

    def run_turn(self, frame: Frame) -> None:
        """Take a prompt and answer it."""
        raise NotImplementedError

    def heed(self, prompt: str) -> Frame:
        """Wait for the host, in a turn: control requests are answered, answers returned, the rest waits."""
        frame = self.incoming.get()
        if frame is None:
            wait_forever()  # the turn has no end
        elif frame["type"] == "control_request":
            self.control(frame, running=prompt)
        elif frame["type"] == "control_response":
            return frame
        else:
            self.waiting.append(frame)
        return {}

    def ask(self, prompt: str, tool_id: str, command: str) -> Frame:
        """Ask for permission; a host that goes back instead of answering withdraws the question."""
        request_id = f"ask_{next(self.numbers)}"
        rules = [{"toolName": "Bash", "ruleContent": f"{command}:*"}]
        request = {
            "subtype": "can_use_tool",
            "tool_name": "Bash",
            "input": {"command": command},
            "description": "Run a command",
            "tool_use_id": tool_id,
            "permission_suggestions": [{"type": "addRules", "rules": rules, "behavior": "allow"}],
        }
        self.write({"type": "control_request", "request_id": request_id, "request": request})
        try:
            while True:
                answer = self.heed(prompt)
                if answer and answer["response"]["request_id"] == request_id:
                    decision: Frame = answer["response"]["response"]
                    return decision
        except TurnInterruptedError:
            self.withdraw([request_id])
            raise

    def results(self, prompt: str, asked: dict[str, str]) -> list[Frame]:
        """The results of the host's tools, shown as they come. asked: the tool uses, by the request's id."""
        left, found = dict(asked), list[Frame]()
        if "impatient" in self.faults:
            self.withdraw(asked)
        try:
            while left:
                answer = self.heed(prompt)
                if answer:
                    content = answer["response"]["response"]["mcp_response"]["result"]["content"]
                    use = left.pop(answer["response"]["request_id"])
                    found.append({"type": "tool_result", "tool_use_id": use, "content": content})
                    self.show(found[-1])
        except TurnInterruptedError:
            self.withdraw(left)
            raise
        return found

    def withdraw(self, requests: Iterable[str]) -> None:
        """The host need not answer any more."""
        self.write(*({"type": "control_cancel_request", "request_id": request_id} for request_id in requests))

    def show(self, result: Frame) -> None:
        """Tell the host what the model hears of its tool."""
        heard = result | {"content": "too long"} if "shortens" in self.faults else result
        self.write({"type": "user", "message": {"role": "user", "content": [heard]}, "parent_tool_use_id": None})

    def result(self, prompt: str, **fields: Any) -> Frame:
        """What ends a turn."""
        return {
            "type": "result",
            "subtype": "success",
            "is_error": False,
            "result": "",
            "num_turns": 1,
            "user_message_uuid": prompt,
            "total_cost_usd": self.cost,
            **fields,
        }


def write_all(data: bytes) -> None:
    """Write more than a pipe takes at once."""
    while data:
        data = data[os.write(1, data) :]


def wait_forever() -> None:
    """Wait for a signal that ends the process."""
    while True:
        signal.pause()

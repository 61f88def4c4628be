"""What a worker is told before its first turn, and with each turn. Values, and the CLI's words for them."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

from hotseat_core.upstream.call_trace import CallTrace
from hotseat_core.upstream.lane import Calls
from hotseat_core.worker.output_schema import OutputSchema
from hotseat_core.worker.tools import Tool, initialize_fields


class PermissionMode(Enum):
    """Who decides on a tool that no rule covers."""

    DENY = "deny"
    ASK = "ask"
    ACCEPT_EDITS = "accept-edits"
    BYPASS = "bypass"
    PLAN = "plan"


# The CLI knows nobody to deny or to bypass for: it asks, and we answer.
_CLI_MODES = {PermissionMode.ACCEPT_EDITS: "acceptEdits", PermissionMode.PLAN: "plan"}


@dataclass(frozen=True, slots=True)
class SessionSetup:
    """What holds for the whole session: bound once, before the first turn."""

    system_prompt: str = ""
    # In place of the CLI's own prompt, not after it.
    replaces_prompt: bool = False
    model: str = ""  # empty: the one that the process was started with
    permission_mode: PermissionMode = PermissionMode.DENY
    allow_rules: tuple[str, ...] = ()
    deny_rules: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()  # that the client runs

    def calls(self, *, is_bare: bool) -> list[tuple[str, dict[str, Any]]]:
        """Return the control requests (subtype, fields) that bind a parked worker, in order."""
        calls: list[tuple[str, dict[str, Any]]] = []
        if self.model:
            calls.append(("set_model", {"model": self.model}))
        if self.permission_mode in _CLI_MODES:
            calls.append(("set_permission_mode", {"mode": _CLI_MODES[self.permission_mode]}))
        if self.allow_rules or self.deny_rules:
            rules = {"allow": list(self.allow_rules), "deny": list(self.deny_rules)}
            calls.append(("apply_flag_settings", {"settings": {"permissions": rules}}))
        fields = {"hooks": None, **self._prompt(is_bare=is_bare), **initialize_fields(self.tools)}
        return [*calls, ("initialize", fields)]

    def _prompt(self, *, is_bare: bool) -> dict[str, Any]:
        if is_bare or self.replaces_prompt:
            # Said even when empty: the CLI would put the server's directory and date there.
            return {"systemPrompt": [self.system_prompt]}
        return {"appendSystemPrompt": self.system_prompt} if self.system_prompt else {}


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which of the client's tools the model may call, other than as it likes."""

    kind: str = "auto"  # the provider's word: auto, none, any, tool
    name: str = ""  # for tool
    one_at_a_time: bool = False

    def body(self) -> dict[str, Any]:
        """Return the provider's parameters."""
        choice: dict[str, Any] = {"type": self.kind}
        if self.kind == "tool":
            choice["name"] = self.name
        if self.one_at_a_time and self.kind != "none":
            choice["disable_parallel_tool_use"] = True
        return {"tool_choice": choice}

    @property
    def is_forced(self) -> bool:
        """The model must call one."""
        return self.kind in {"any", "tool"}


@dataclass(frozen=True, slots=True)
class TurnSetup:
    """What holds for one turn."""

    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int = 0  # 0: the model's limit
    stop_sequences: tuple[str, ...] = ()
    effort: str = ""  # low, medium, high, max; empty: the model's default
    allow_retraction: bool = False
    max_steps: int = 0  # 0: unbounded
    wants_raw: bool = False
    tool_choice: ToolChoice | None = None  # None: as the model likes, or there are no tools
    output: OutputSchema | None = None  # that the answer has to fit; None: it is any text
    trace: CallTrace | None = field(default=None, compare=False)  # that the turn is part of
    calls: Calls | None = field(default=None, compare=False)  # to the model, as its key allows them; None: any

    def flags(self, *, is_bare: bool = True) -> dict[str, Any]:
        """Return the CLI's flag settings of this turn, whole: what is not wanted is reset."""
        body: dict[str, Any] = {}
        if self.temperature is not None:
            body["temperature"] = self.temperature
        if self.top_p is not None:
            body["top_p"] = self.top_p
        if body or (self.tool_choice is not None and self.tool_choice.is_forced):
            # The provider takes neither sampling parameters nor a forced call beside thinking, nor edits of thinking
            # without it.
            body |= {"thinking": {"type": "disabled"}, "context_management": {"edits": []}}
        if self.max_output_tokens:
            body["max_tokens"] = self.max_output_tokens
        if self.stop_sequences:
            body["stop_sequences"] = list(self.stop_sequences)
        if self.tool_choice is not None:
            body |= self.tool_choice.body()
        if self.output is not None:
            body |= self.output.parameters()
        # An empty string resets the body; leaving the key out or null does not. Null resets the effort.
        extra_body = msgspec.json.encode(body).decode() if body else ""
        env = {"CLAUDE_CODE_EXTRA_BODY": extra_body}
        if self.trace is not None and not is_bare:
            env["TRACEPARENT"] = self.trace.traceparent  # for what an agent's tools start
        return {"env": env, "effortLevel": self.effort or None}

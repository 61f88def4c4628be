"""What the two Python runners share: the scenarios' expectations, checked against what was read."""

import json
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import grpc
from google.protobuf import json_format
from hotseat import HotseatError, pb, tls

_ASIDES = {"usage", "heartbeat", "notice", "input_queued"}


@dataclass
class Seen:
    """What one scenario has come across so far."""

    events: list[pb.ConverseResponse] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Forget what the steps before have seen."""
        self.events, self.calls, self.asked = [], [], []

    @property
    def deltas(self) -> int:
        return sum(event.HasField("text_delta") for event in self.events)


class Failed(Exception):
    """An expectation that was not met."""


def must(found: object, wanted: object, what: str) -> None:
    """Fail where these differ."""
    if found != wanted:
        raise Failed(f"{what}: wanted {wanted!r}, got {found!r}")


def opening_of(scenario: dict[str, Any]) -> pb.OpenConversation:
    opening = pb.OpenConversation()
    json_format.ParseDict(scenario.get("opening", {}), opening)
    return opening


def options_of(step: dict[str, Any]) -> pb.TurnOptions | None:
    if "options" not in step:
        return None
    options = pb.TurnOptions()
    json_format.ParseDict(step["options"], options)
    return options


def check(seen: Seen, expect: dict[str, Any]) -> None:
    """Fail where what was read is not what is expected."""
    _check_sequences(seen.events)
    completed = [event.turn_completed for event in seen.events if event.HasField("turn_completed")]
    if not completed:
        raise Failed("no turn has ended")
    last = completed[-1]
    checks: dict[str, Callable[[], object]] = {
        "outcome": lambda: pb.TurnCompleted.Outcome.Name(last.outcome).removeprefix("OUTCOME_"),
        "kinds": lambda: _kinds(seen.events),
        "text": lambda: last.text,
        "streamed": lambda: seen.deltas > 0 and _streamed(seen.events) == last.text,
        "calls": lambda: seen.calls,
        "asked": lambda: seen.asked,
        "toolErrors": lambda: [e.tool_completed.is_error for e in seen.events if e.HasField("tool_completed")],
        "toolOutputs": lambda: [_output(e.tool_completed) for e in seen.events if e.HasField("tool_completed")],
    }
    for name, wanted in expect.items():
        if name in checks:
            must(checks[name](), wanted, name)
    for part in expect.get("contains", ()):
        must(part in last.text, True, f"{part!r} is in {last.text!r}")
    if "error" in expect:
        if not last.HasField("error"):
            raise Failed("the turn did not fail")
        check_error(HotseatError.from_error(last.error), expect["error"])


def check_error(error: Exception, wanted: dict[str, Any]) -> None:
    """Fail where the error is not what is wanted."""
    if "message" in wanted:
        must(str(error), wanted["message"], "message")
        return
    if not isinstance(error, HotseatError):
        raise Failed(f"not a HotseatError: {error!r}")
    if wanted.get("broken"):
        must(error.reason, "", f"reason of {error!r}")
        return
    found = {"code": error.code.name, "reason": error.reason, "retry": error.retry_delay is not None}
    for name in ("code", "reason", "retry"):
        if name in wanted:
            must(found[name], wanted[name], name)
    for key, value in wanted.get("metadata", {}).items():
        must(error.metadata.get(key), value, f"metadata {key}")


def credentials(how: str = "") -> grpc.ChannelCredentials | None:
    """How the core is talked to. `uncertified`: without a certificate of one's own; `misled`: trusting another CA."""
    ca = os.environ.get("HOTSEAT_INTEROP_OTHER_CA" if how == "misled" else "HOTSEAT_CORE_CA")
    if not ca:
        return None
    if how == "uncertified":
        return tls.credentials(ca)
    return tls.credentials(ca, cert=os.environ["HOTSEAT_CORE_CLIENT_CERT"], key=os.environ["HOTSEAT_CORE_CLIENT_KEY"])


def cut(control: str) -> None:
    """Have every connection broken."""
    host, _, port = control.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        while connection.recv(64):
            pass


def report(name: str, error: BaseException | None) -> None:
    """Tell how a scenario went."""
    said = None if error is None else f"{type(error).__name__}: {error}"
    print(json.dumps({"name": name, "error": said}), flush=True)  # noqa: T201 - the runner's protocol


def decision_of(how: str) -> pb.PermissionAllow | pb.PermissionDeny:
    """What the permission callback decides."""
    if how == "fail":
        raise RuntimeError("the callback broke")
    if how == "nothing":
        return None  # type: ignore[return-value] # as callers without types may
    return pb.PermissionDeny(message="no") if how == "deny" else pb.PermissionAllow()


def _check_sequences(events: list[pb.ConverseResponse]) -> None:
    sequences = [event.sequence for event in events if event.sequence]
    if sequences:
        must(sequences, list(range(sequences[0], sequences[0] + len(sequences))), "sequences")


def _kinds(events: list[pb.ConverseResponse]) -> list[str]:
    kinds = [kind for event in events if (kind := event.WhichOneof("event")) and kind not in _ASIDES]
    return [kind for kind, _ in groupby(kinds)]


def _streamed(events: list[pb.ConverseResponse]) -> str:
    return "".join(event.text_delta.text for event in events if event.HasField("text_delta"))


def _output(completed: pb.ToolCompleted) -> str:
    return "".join(block.text for block in completed.content).strip()

"""What `hotseat up` says once everything serves. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hotseat_cli.upstream import Kind, Upstream


@dataclass(frozen=True, slots=True)
class Serving:
    """Everything the banner tells."""

    version: str
    edge_url: str
    core_address: str
    models: tuple[str, ...]
    pool_size: str
    data_dir: str
    upstream: Upstream
    access: str = ""  # who is let in
    login: str = ""  # a link that logs a browser in, once
    api_key: str = ""  # how a first request names its key; empty: it needs none
    sandbox: str = ""  # what the core says of it; empty: nothing
    key: str = ""  # where others than the core have it; empty: nowhere
    command: str = "hotseat"  # how this command is called from here
    from_file: str = ""  # "path (NAME, NAME)" where a .env file was read


_DEMO = (
    "DEMO: these answers come from a scripted model, not from Claude.",
    "The claude processes, the pool and the APIs are the real ones.",
    "For real answers set ANTHROPIC_API_KEY (or CLAUDE_CODE_OAUTH_TOKEN)",
    "and start again.",
)


def render(serving: Serving) -> str:
    """The banner, ending with a command that can be pasted as it is."""
    parts = ["", *_demo_box(serving.upstream), f"Hotseat {serving.version} serves", ""]
    parts += [f"  {name:<10}  {value}" for name, value in _facts(serving)]
    parts += ["", "Try it:", "", *(f"  {line}" for line in (*curl(serving.edge_url, serving.api_key), chat(serving)))]
    return "\n".join([*parts, "", "Ctrl-C ends it.", ""])


def _demo_box(upstream: Upstream) -> list[str]:
    if upstream.kind is not Kind.DEMO:
        return []
    width = max(len(line) for line in _DEMO)
    bar = "#" * (width + 6)
    return [bar, *(f"#  {line:<{width}}  #" for line in _DEMO), bar, ""]


def _facts(serving: Serving) -> list[tuple[str, str]]:
    facts = [
        ("OpenAI API", f"{serving.edge_url}/v1"),
        ("gRPC", serving.core_address),
        ("Page", serving.login or serving.edge_url),
        ("Models", ", ".join(serving.models)),
        ("Pool", f"{serving.pool_size} claude processes at most"),
        ("Data", serving.data_dir),
        ("Answers", _answers(serving.upstream)),
        ("Access", serving.access),
        ("Sandbox", serving.sandbox),
        ("Key", serving.key),
        ("Settings", serving.from_file),
    ]
    return [(name, value) for name, value in facts if value]


_ACCESS = {
    "open": "open to whoever reaches this machine's loopback; `hotseat keys create` ends that",
    "keys": "with an API key",
    "certificates": "with a client certificate",
    "insecure": "OPEN TO EVERYBODY who reaches it, without a key (HOTSEAT_INSECURE_NO_AUTH)",
}


def access(health: Mapping[str, Any]) -> str:
    """Who is let in, by what `/health` says."""
    return _ACCESS.get(str(health.get("auth", "")), "")


_REACH = {
    "none": "no network",
    "listed": "the hosts in HOTSEAT_EGRESS_ALLOW",
    "host": "the machine's network",
}


def sandbox(health: Mapping[str, Any]) -> str:
    """What `/health` says of the workers' sandbox; empty: nothing."""
    found = (health.get("pool") or {}).get("sandbox")
    if not found:
        return ""
    if not found["enabled"]:
        return f"OFF: what an agent runs sees what the core sees ({found['reason']})"
    reach = _REACH.get(found["network"], found["network"])
    return f"on: agents see the system's programs, their workspace and {reach}"


def key(health: Mapping[str, Any]) -> str:
    """What is to be said of who has the credential; empty: it is the core alone."""
    if (health.get("pool") or {}).get("key_mode") != "env":
        return ""
    return "IN EVERY WORKER'S ENVIRONMENT, where tools can read it (HOTSEAT_KEY_MODE=env)"


def _answers(upstream: Upstream) -> str:
    match upstream.kind:
        case Kind.DEMO:
            return "the scripted demo model (not Claude)"
        case Kind.KEYLESS:
            return f"{upstream.base_url} (ANTHROPIC_BASE_URL, without a key: no credential is set)"
        case Kind.CLAUDE:
            return f"Claude at {upstream.base_url} (with {upstream.credential})"


def login_url(edge_url: str, code: str) -> str:
    """Where a browser logs in: what stands behind the # is told to no server, and stands in no log."""
    return f"{edge_url.rstrip('/')}/#/login/{code}"


def chat(serving: Serving) -> str:
    """A first conversation; the core is named where `hotseat chat` would not find it by itself."""
    core = "" if serving.core_address == "127.0.0.1:50051" else f" --core {serving.core_address}"
    return f"{serving.command} chat{core}"


def curl(edge_url: str, api_key: str = "") -> tuple[str, ...]:
    """A first request, line by line."""
    body = json.dumps({"model": "claude", "messages": [{"role": "user", "content": "Say hello."}]})
    return (
        f"curl {edge_url}/v1/chat/completions \\",
        "  -H 'Content-Type: application/json' \\",
        *((f'  -H "Authorization: Bearer {api_key}" \\',) if api_key else ()),
        f"  -d '{body}'",
    )

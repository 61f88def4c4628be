"""The command's pure parts, by table."""

import dataclasses
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from hotseat import pb
from hotseat_cli import banner, dotenv, launch, upstream
from hotseat_cli.dialogue import Wish, wanted
from hotseat_cli.script import Piece, Script, Tone, harmless, question, summary
from hotseat_cli.settings import core_target
from hotseat_cli.upstream import Kind, Upstream

API = "https://api.anthropic.com"


@pytest.mark.parametrize(
    ("environment", "force_demo", "expected"),
    [
        ({}, False, Upstream(Kind.DEMO)),
        ({"ANTHROPIC_API_KEY": ""}, False, Upstream(Kind.DEMO)),
        ({"ANTHROPIC_API_KEY": "k"}, False, Upstream(Kind.CLAUDE, API, "ANTHROPIC_API_KEY")),
        ({"ANTHROPIC_AUTH_TOKEN": "t"}, False, Upstream(Kind.CLAUDE, API, "ANTHROPIC_AUTH_TOKEN")),
        ({"CLAUDE_CODE_OAUTH_TOKEN": "o"}, False, Upstream(Kind.CLAUDE, API, "CLAUDE_CODE_OAUTH_TOKEN")),
        (
            {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_AUTH_TOKEN": "t"},
            False,
            Upstream(Kind.CLAUDE, API, "ANTHROPIC_API_KEY"),
        ),
        (
            {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "http://gateway"},
            False,
            Upstream(Kind.CLAUDE, "http://gateway", "ANTHROPIC_API_KEY"),
        ),
        ({"ANTHROPIC_BASE_URL": "http://gateway"}, False, Upstream(Kind.KEYLESS, "http://gateway")),
        ({"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "http://gateway"}, True, Upstream(Kind.DEMO)),
    ],
)
def test_who_answers_follows_from_the_credentials(
    environment: dict[str, str], force_demo: bool, expected: Upstream
) -> None:
    assert upstream.choose(environment, force_demo=force_demo) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.CLAUDE, {"A": "1", "ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_OAUTH_TOKEN": "o"}),
        (Kind.KEYLESS, {"A": "1", "ANTHROPIC_API_KEY": "unused", "ANTHROPIC_BASE_URL": "http://gateway"}),
        (Kind.DEMO, {"A": "1", "ANTHROPIC_API_KEY": "unused", "ANTHROPIC_BASE_URL": "http://demo"}),
    ],
)
def test_the_core_gets_the_upstream_and_only_the_credentials_that_belong_to_it(
    kind: Kind, expected: dict[str, str]
) -> None:
    environment = {"A": "1", "ANTHROPIC_API_KEY": "k", "CLAUDE_CODE_OAUTH_TOKEN": "o"}
    assert upstream.for_workers(environment, Upstream(kind, "http://gateway"), "http://demo") == expected


def test_a_server_without_need_gets_no_credential() -> None:
    environment = {"A": "1", "ANTHROPIC_API_KEY": "k", "ANTHROPIC_AUTH_TOKEN": "t", "CLAUDE_CODE_OAUTH_TOKEN": "o"}
    assert upstream.without_credentials(environment) == {"A": "1"}
    assert not set(upstream.CREDENTIALS) & set(launch.demo(environment).environment)
    edge = launch.edge(environment, Upstream(Kind.CLAUDE), "127.0.0.1:1")
    assert not set(upstream.CREDENTIALS) & set(edge.environment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# nothing\n\n", {}),
        ("A=1\nB = two words \n", {"A": "1", "B": "two words"}),
        ("export A=1", {"A": "1"}),
        ("A=1 # why", {"A": "1"}),
        ("A=#", {"A": ""}),
        ("A=x#y", {"A": "x#y"}),
        ("A='1 # 2' # why", {"A": "1 # 2"}),
        ('A="it\'s"', {"A": "it's"}),
        ("A=", {"A": ""}),
        ("A=b=c", {"A": "b=c"}),
        ("A=$B", {"A": "$B"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ],
)
def test_an_env_file_is_read_as_it_stands(text: str, expected: dict[str, str]) -> None:
    assert dotenv.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("A", "line 1 is not NAME=value"),
        ("\n1A=2", "line 2 is not NAME=value"),
        ("A='1", "line 1 has no closing '"),
        ('A="1"2', 'line 1 goes on after its closing "'),
    ],
)
def test_a_line_that_is_no_setting_is_named(text: str, says: str) -> None:
    with pytest.raises(dotenv.DotenvError, match=says):
        dotenv.parse(text)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, [("127.0.0.1", 3000), ("127.0.0.1", 50051)]),
        ({"PORT": "0", "HOTSEAT_CORE_PORT": "0"}, []),
        ({"PORT": "8080", "HOTSEAT_HOST": "0.0.0.0"}, [("0.0.0.0", 8080), ("127.0.0.1", 50051)]),
        ({"HOTSEAT_CORE_SOCKET": "/run/core.sock"}, [("127.0.0.1", 3000)]),
        (
            {"PORT": "0", "HOTSEAT_METRICS_HOST": "0.0.0.0", "HOTSEAT_METRICS_PORT": "9464"},
            [("127.0.0.1", 50051), ("0.0.0.0", 9464)],
        ),
    ],
)
def test_the_ports_that_must_be_free(environment: dict[str, str], expected: list[tuple[str, int]]) -> None:
    assert [(listener.host, listener.port) for listener in launch.listeners(environment)] == expected


@pytest.mark.parametrize("port", ["http", "-1", "65536", "1.5", "\u0661"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(launch.WrongPort, match="must be a port"):
        launch.listeners({"PORT": port})


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "127.0.0.1:50051"),
        ({"HOTSEAT_CORE_PORT": "6000"}, "127.0.0.1:6000"),
        ({"HOTSEAT_CORE_HOST": "::1", "HOTSEAT_CORE_PORT": "6000"}, "[::1]:6000"),
        ({"HOTSEAT_CORE_SOCKET": "/run/core.sock"}, "unix:/run/core.sock"),
        ({"HOTSEAT_CORE_TARGET": "core:1", "HOTSEAT_CORE_SOCKET": "/run/core.sock"}, "core:1"),
    ],
)
def test_where_the_core_is(environment: dict[str, str], expected: str) -> None:
    assert core_target(environment) == expected


def serving(model: Upstream, **more: str) -> banner.Serving:
    return banner.Serving(
        version="0.1.0",
        edge_url="http://127.0.0.1:8080",
        core_address="127.0.0.1:50051",
        models=("claude-code", "claude"),
        pool_size="4",
        data_dir="/data",
        upstream=model,
        **more,
    )


def test_the_banner_gives_the_curl_with_the_real_port() -> None:
    told = banner.render(serving(Upstream(Kind.CLAUDE, API, "ANTHROPIC_API_KEY")))
    assert "curl http://127.0.0.1:8080/v1/chat/completions \\\n" in told
    assert "Claude at https://api.anthropic.com (with ANTHROPIC_API_KEY)" in told
    assert "DEMO" not in told


@pytest.mark.parametrize(
    ("address", "command", "expected"),
    [
        ("127.0.0.1:50051", "hotseat", "  hotseat chat\n"),
        ("127.0.0.1:6000", ".venv/bin/hotseat", "  .venv/bin/hotseat chat --core 127.0.0.1:6000\n"),
        ("unix:/run/core.sock", "hotseat", "  hotseat chat --core unix:/run/core.sock\n"),
    ],
)
def test_the_banner_gives_a_chat_command_that_finds_the_core(address: str, command: str, expected: str) -> None:
    told = serving(Upstream(Kind.DEMO), command=command)
    assert expected in banner.render(dataclasses.replace(told, core_address=address))


def test_the_banner_says_that_an_upstream_is_used_without_a_key() -> None:
    told = banner.render(serving(Upstream(Kind.KEYLESS, "http://gateway")))
    assert "http://gateway (ANTHROPIC_BASE_URL, without a key: no credential is set)" in told


def test_the_banner_names_the_settings_that_came_from_a_file() -> None:
    told = banner.render(serving(Upstream(Kind.DEMO), from_file="/here/.env (PORT)"))
    assert "/here/.env (PORT)" in told
    assert "DEMO: these answers come from a scripted model, not from Claude." in told


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ("none", "their workspace and no network"),
        ("listed", "their workspace and the hosts in HOTSEAT_EGRESS_ALLOW"),
        ("host", "their workspace and the machine's network"),
    ],
)
def test_the_banner_says_what_agents_reach(network: str, says: str) -> None:
    assert banner.sandbox({"pool": {"sandbox": {"enabled": True, "network": network}}}).endswith(says)


def text(said: str, block: int = 0, parent: str = "") -> pb.ConverseResponse:
    return pb.ConverseResponse(text_delta=pb.TextDelta(text=said, block=block, parent_tool_use_id=parent))


def started(name: str) -> pb.ConverseResponse:
    return pb.ConverseResponse(tool_started=pb.ToolStarted(tool_use_id="t1", name=name))


def queued(position: int, wait_s: int) -> pb.ConverseResponse:
    wait = Duration(seconds=wait_s)
    return pb.ConverseResponse(input_queued=pb.InputQueued(position=position, estimated_wait_duration=wait))


def used(input_json: str) -> pb.ConverseResponse:
    done = pb.ToolInputCompleted(tool_use_id="t1", input_json=input_json)
    return pb.ConverseResponse(tool_input_completed=done)


def ended(said: str, *, is_error: bool) -> pb.ConverseResponse:
    done = pb.ToolCompleted(tool_use_id="t1", content=[pb.ContentBlock(text=said)], is_error=is_error)
    return pb.ConverseResponse(tool_completed=done)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([text("a"), text("b")], ["answer:a", "answer:b"]),
        ([text("a", 0), text("b", 2), text("c", 2)], ["answer:a", "answer:\n\nb", "answer:c"]),
        ([text("a", 3)], ["answer:a"]),
        ([text("from a subagent", parent="t1")], []),
        ([started("Bash"), used('{"command": "ls"}')], ["aside:[Bash] ls"]),
        ([started("Edit"), used('{"a": 1, "b": "x"}')], ['aside:[Edit] {"a": 1, "b": "x"}']),
        ([used('{"command": "a\\nb"}')], ["aside:[tool] a b"]),
        ([started("Bash"), used('{"command": "' + "x" * 200 + '"}')], ["aside:[Bash] " + "x" * 90 + "..."]),
        ([started("Bash"), ended("fine", is_error=False)], []),
        ([started("Bash"), ended("no such file", is_error=True)], ["aside:[Bash] failed: no such file"]),
        ([pb.ConverseResponse(thinking_delta=pb.ThinkingDelta(text="hm"))], []),
        ([pb.ConverseResponse(notice=pb.Notice(message="trying again"))], ["aside:[trying again]"]),
        ([pb.ConverseResponse(heartbeat=pb.Heartbeat())], []),
        ([queued(1, 0)], ["aside:[waiting for a process: place 1 in the queue, about 1 s]"]),
        (
            [queued(place, 12) for place in (9, 8, 5, 4, 3, 2, 1)],
            [f"aside:[waiting for a process: place {place} in the queue, about 12 s]" for place in (9, 4, 2, 1)],
        ),
    ],
)
def test_what_a_turn_looks_like(events: list[pb.ConverseResponse], expected: list[str]) -> None:
    script = Script(verbose=False)
    pieces = [piece for event in events for piece in script.read(event)]
    assert [f"{piece.tone.value}:{piece.text}" for piece in pieces] == expected


def test_thinking_is_shown_to_who_asks_for_it() -> None:
    event = pb.ConverseResponse(thinking_delta=pb.ThinkingDelta(text="hm"))
    assert list(Script(verbose=True).read(event)) == [Piece(Tone.THINKING, "hm")]


def test_a_question_shows_the_whole_input() -> None:
    long = "x" * 5000
    request = pb.PermissionRequest(tool_name="Bash", input_json=f'{{"command": "{long}"}}', description="outside")
    assert question(request) == f"Bash wants to run: {long} (outside)"


def test_input_that_is_no_json_is_shown_as_it_is() -> None:
    assert summary("{broken") == "{broken"
    assert summary("") == "{}"


def test_control_characters_are_replaced_but_lines_and_tabs_stay() -> None:
    assert harmless("a\tb\nc") == "a\tb\nc"
    assert harmless("\x1b[2J\r\x07\x9b") == "\ufffd[2J\ufffd\ufffd\ufffd"


@pytest.mark.parametrize(
    ("wish", "held", "expected"),
    [
        (Wish("core:1", ask=False), None, pb.ConversationSettings()),
        (
            Wish("core:1", profile="claude", model="haiku", system="Be brief.", ask=False),
            None,
            pb.ConversationSettings(profile="claude", model="haiku", system_prompt=pb.SystemPrompt(text="Be brief.")),
        ),
        (
            Wish("core:1", model="haiku", ask=True),
            pb.ConversationSettings(profile="claude", model="opus", workspace="w"),
            pb.ConversationSettings(
                profile="claude",
                model="haiku",
                workspace="w",
                permission_policy=pb.PermissionPolicy(mode=pb.PermissionPolicy.MODE_ASK),
            ),
        ),
    ],
)
def test_the_command_line_goes_over_what_a_conversation_holds(
    wish: Wish, held: pb.ConversationSettings | None, expected: pb.ConversationSettings
) -> None:
    assert wanted(wish, held) == expected


@pytest.mark.parametrize(
    ("health", "said"),
    [
        ({"pool": {"key_mode": "env"}}, "IN EVERY WORKER'S ENVIRONMENT"),
        ({"pool": {"key_mode": "proxy"}}, ""),
        ({"pool": None}, ""),
        ({}, ""),
    ],
)
def test_a_key_that_workers_hold_is_said_in_the_banner(health: dict[str, Any], said: str) -> None:
    assert banner.key(health).startswith(said)
    assert bool(banner.key(health)) is bool(said)

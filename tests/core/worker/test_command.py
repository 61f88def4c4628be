"""What a worker's process is given, and that it is given nothing else."""

from pathlib import PurePath

import pytest
from hotseat_core.worker.command import Upstream, build_argv, build_env
from hotseat_core.worker.profile import CLAUDE, CLAUDE_CODE, PROFILES, Profile

KEY = Upstream({"ANTHROPIC_API_KEY": "sk-1"}, "http://provider")
OAUTH = Upstream({"CLAUDE_CODE_OAUTH_TOKEN": "tok"})
SCRATCH = PurePath("/data/workers/w1")


def test_an_agent_has_its_own_tools_and_asks_before_it_uses_them() -> None:
    argv = build_argv("/cli", CLAUDE_CODE)
    assert argv[:2] == ("/cli", "-p")
    assert "--tools=Bash,Read,Write,Edit,Glob,Grep,NotebookEdit,WebFetch,WebSearch,Task" in argv
    assert "--permission-prompt-tool=stdio" in argv
    assert {"--setting-sources=", "--strict-mcp-config", "--permission-mode=default"} <= set(argv)
    assert "--bare" not in argv
    assert "--disable-slash-commands" not in argv


def test_the_bare_model_has_no_tools() -> None:
    argv = build_argv("/cli", CLAUDE)
    assert {"--tools=", "--bare", "--disable-slash-commands"} <= set(argv)


def test_a_subscription_is_not_taken_in_bare_mode() -> None:
    argv = build_argv("/cli", CLAUDE, is_oauth=OAUTH.is_oauth)
    assert "--bare" not in argv
    assert "--disable-slash-commands" in argv
    assert not KEY.is_oauth


def test_the_operators_model_is_an_argument() -> None:
    assert "--model=opus" in build_argv("/cli", CLAUDE, model="opus")
    assert not any(word.startswith("--model") for word in build_argv("/cli", CLAUDE))


def test_a_session_file_is_an_argument() -> None:
    assert "--resume=/data/s.jsonl" in build_argv("/cli", CLAUDE, session_file=PurePath("/data/s.jsonl"))
    assert not any(word.startswith("--resume") for word in build_argv("/cli", CLAUDE))


@pytest.mark.parametrize("profile", PROFILES.values())
def test_no_argument_can_be_taken_for_another(profile: Profile) -> None:
    """Values stand behind an equals sign: one that begins with a dash stays a value."""
    words = build_argv("/cli", profile, model="--dangerously-skip-permissions")[2:]
    assert all(word.startswith("--") for word in words)
    assert "--dangerously-skip-permissions" not in words


def test_of_the_cores_environment_only_what_is_listed_is_handed_on() -> None:
    inherited = {
        "PATH": "/bin",
        "TZ": "UTC",
        "HTTPS_PROXY": "http://proxy",
        "HOME": "/root",
        "ANTHROPIC_AUTH_TOKEN": "another",
        "AWS_SECRET_ACCESS_KEY": "x",
        "PYTHONPATH": "/x",
        "LD_PRELOAD": "/x.so",
        "CLAUDE_CONFIG_DIR": "/root/.claude",
        "HOTSEAT_DATA_DIR": "/data",
    }
    env = build_env(inherited, CLAUDE_CODE, KEY, SCRATCH, {"MARK": "w1"})
    assert {name: value for name, value in env.items() if name in inherited} == {
        "PATH": "/bin",
        "TZ": "UTC",
        "HTTPS_PROXY": "http://proxy",
        "HOME": "/data/workers/w1/home",
        "CLAUDE_CONFIG_DIR": "/data/workers/w1/config",
    }


def test_the_environment_holds_the_credential_the_provider_and_the_mark() -> None:
    env = build_env({}, CLAUDE_CODE, KEY, SCRATCH, {"MARK": "w1"})
    assert (env["ANTHROPIC_API_KEY"], env["ANTHROPIC_BASE_URL"], env["MARK"]) == ("sk-1", "http://provider", "w1")
    assert env["TMPDIR"] == "/data/workers/w1/tmp"
    assert "ANTHROPIC_BASE_URL" not in build_env({}, CLAUDE_CODE, OAUTH, SCRATCH, {})


def test_the_bare_model_gets_nothing_but_the_clients_words() -> None:
    env = build_env({}, CLAUDE, KEY, SCRATCH, {})
    assert (env["CLAUDE_CODE_DISABLE_ATTACHMENTS"], env["DISABLE_AUTO_COMPACT"]) == ("1", "1")
    assert "DISABLE_AUTO_COMPACT" not in build_env({}, CLAUDE_CODE, KEY, SCRATCH, {})


def test_a_credential_is_not_shown() -> None:
    assert "sk-1" not in repr(KEY)


def test_the_first_profile_is_the_agent_and_only_it_has_a_workspace() -> None:
    assert list(PROFILES) == ["claude-code", "claude"]
    assert (CLAUDE_CODE.has_workspace, CLAUDE.has_workspace) == (True, False)

"""What to run: the CLI's argument vector and environment. No I/O: whatever it needs to know is handed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from hotseat_core.worker import tools
from hotseat_core.worker.profile import Profile
from hotseat_core.worker.sandbox import OPEN_FILE

# Taken over from the core's own environment; nothing else is.
_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)

_SWITCHES = {
    "CLAUDE_CODE_ATTRIBUTION_HEADER": "0",
    # It looks at its configuration, and at a repository's, every second by itself; so the kernel wakes it instead.
    "CLAUDE_CODE_CONFIG_WATCH_EVENTS": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    # Two retries are worth waiting for (about two seconds); what lasts longer is the client's to decide on.
    "CLAUDE_CODE_MAX_RETRIES": "2",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "ENABLE_TOOL_SEARCH": "false",
    # The runtime's idle collection makes the first turn after a quiet spell two to three times slower.
    "BUN_IDLE_GC_SECONDS": "3600",
}

# Of the bare model: nothing but the client's own words may reach it.
_BARE_SWITCHES = {"CLAUDE_CODE_DISABLE_ATTACHMENTS": "1", "DISABLE_AUTO_COMPACT": "1"}


@dataclass(frozen=True, slots=True)
class Upstream:
    """The model's provider, and the credential that the CLI shows it."""

    # Environment variables that hold the credential: exactly one is set.
    credential: Mapping[str, str] = field(repr=False)
    base_url: str = ""  # empty: the CLI's own default
    socket: str = ""  # path of the one through which the CLI sends all that it asks the provider; empty: none

    @property
    def is_oauth(self) -> bool:
        """The credential is a subscription's: the CLI's bare mode does not take it."""
        return "CLAUDE_CODE_OAUTH_TOKEN" in self.credential


@dataclass(frozen=True, slots=True)
class Command:
    """One process to be."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)  # holds the credential
    cwd: PurePath
    depth: int = 0  # levels between the process that argv starts and the command's own: its containment
    fds: tuple[int, ...] = ()  # that stay open in it
    file: PurePath | None = None  # opened anew for it; OPEN_FILE in argv stands for the descriptor's number

    def with_file(self, fd: int) -> "Command":
        """Return it with its file open as this descriptor."""
        argv = tuple(str(fd) if word == OPEN_FILE else word for word in self.argv)
        return replace(self, argv=argv, fds=(*self.fds, fd), file=None)


def build_argv(
    cli_path: str, profile: Profile, *, model: str = "", is_oauth: bool = False, session_file: PurePath | None = None
) -> tuple[str, ...]:
    """Return the argument vector. Nothing in it comes from a client. session_file: what the session begins with."""
    argv = [
        cli_path,
        "-p",
        "--input-format=stream-json",
        "--output-format=stream-json",
        "--verbose",
        "--include-partial-messages",
        "--restricted",
        "--setting-sources=",
        "--strict-mcp-config",
        "--permission-mode=default",
        "--permission-prompt-tool=stdio",
        f"--tools={','.join(profile.tools)}",
        *tools.ARGV,
    ]
    if model:
        argv.append(f"--model={model}")
    if session_file is not None:
        argv.append(f"--resume={session_file}")
    if not profile.tools:
        argv.append("--disable-slash-commands")
        if not is_oauth:
            argv.append("--bare")
    return tuple(argv)


def build_env(
    inherited: Mapping[str, str], profile: Profile, upstream: Upstream, scratch: PurePath, mark: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment. scratch: a directory of the worker's own; mark: tells its processes from others'."""
    env = {name: inherited[name] for name in _INHERITED if name in inherited}
    env |= _SWITCHES | tools.ENV
    if not profile.tools:
        env |= _BARE_SWITCHES
    if upstream.base_url:
        env["ANTHROPIC_BASE_URL"] = upstream.base_url
    if upstream.socket:
        env["ANTHROPIC_UNIX_SOCKET"] = upstream.socket
    return (
        env
        | dict(upstream.credential)
        | dict(mark)
        | {
            "HOME": str(scratch / "home"),
            "CLAUDE_CONFIG_DIR": str(scratch / "config"),
            "TMPDIR": str(scratch / "tmp"),
        }
    )

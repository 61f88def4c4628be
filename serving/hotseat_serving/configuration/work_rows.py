"""The settings of who answers, with how many processes, and what becomes of it. Pure."""

from hotseat_serving.configuration.kinds import Choice, Count, FilePath, Flag, Items, Text
from hotseat_serving.configuration.setting import Group, Setting

_SECRET = Text("a key", is_secret=True)

ANSWERING = Group(
    "Who answers",
    "answering",
    (
        Setting("ANTHROPIC_API_KEY", "claude.api_key", _SECRET, "", "an API key"),
        Setting("ANTHROPIC_AUTH_TOKEN", "claude.auth_token", _SECRET, "", "a bearer token, for gateways"),
        Setting("CLAUDE_CODE_OAUTH_TOKEN", "claude.oauth_token", _SECRET, "", "a Claude subscription's token"),
        Setting(
            *("ANTHROPIC_API_KEY_FILE", "claude.api_key_file", FilePath(), ""),
            "a file that holds the API key; a changed one is read anew with the next request",
            example="/run/secrets/anthropic",
        ),
        Setting(
            *("ANTHROPIC_AUTH_TOKEN_FILE", "claude.auth_token_file", FilePath(), "", "the same for the bearer token"),
            example="/run/secrets/anthropic",
        ),
        Setting(
            *("CLAUDE_CODE_OAUTH_TOKEN_FILE", "claude.oauth_token_file", FilePath(), ""),
            "the same for a subscription's token",
            example="/run/secrets/claude",
        ),
        Setting(
            *("HOTSEAT_KEY_MODE", "claude.key_mode", Choice(("proxy", "env")), "proxy"),
            "`proxy`: only the core knows the credential; `env`: each worker has it in its environment, where its "
            "tools can read it ([security.md](security.md#the-credential))",
            core="key_mode",
        ),
        Setting(
            *("ANTHROPIC_BASE_URL", "claude.base_url", Text("a URL"), ""),
            "the upstream; it must speak the Messages API",
            core="base_url",
            default_is="`https://api.anthropic.com`",
            example="https://api.anthropic.com",
        ),
        Setting(
            *("CLAUDE_CLI_PATH", "claude.cli_path", FilePath(is_command=True), "", "another `claude` executable"),
            core="cli_path",
            default_is="the CLI inside claude-agent-sdk",
            example="/usr/local/bin/claude",
        ),
        Setting(
            *("HOTSEAT_ALLOW_UNTESTED_CLI", "claude.allow_untested_cli", Flag(), "0"),
            "1 starts with a CLI version that Hotseat was not tested with",
            core="allow_untested_cli",
        ),
        Setting(
            *("HOTSEAT_MODEL", "claude.model", Text("the name of a model"), ""),
            "the model where a request names none",
            core="model",
            default_is="the CLI's default",
            example="sonnet",
        ),
        Setting(
            *("HOTSEAT_ALLOWED_MODELS", "claude.allowed_models", Items(), ""),
            "models that workers may ask the provider for, by its names for them, with commas between; "
            "`claude-haiku-*` is all that begin so. Leave the one in that the CLI uses for small tasks, a haiku",
            core="allowed_models",
            default_is="all",
            example="claude-sonnet-*,claude-haiku-*",
        ),
        Setting(
            *("HOTSEAT_PROFILE", "claude.profile", Choice(("claude-code", "claude")), "claude-code"),
            "the profile where a request over gRPC names none",
            core="profile",
        ),
    ),
)

POOL = Group(
    "The pool",
    "pool",
    (
        Setting(
            *("POOL_SIZE", "pool.size", Count(1), "4", "`claude` processes at most; spares and ending ones count"),
            core="pool_size",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_WARM_WORKERS", "pool.warm_workers", Count(), "1"),
            "started processes kept without a conversation",
            core="warm_workers",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_MAX_QUEUE", "pool.max_queue", Count(), "128"),
            "turns that may wait for a process; more are refused with 429",
            core="max_queue",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_QUEUE_TIMEOUT_MS", "pool.queue_timeout_ms", Count(), "120000"),
            "how long a turn waits before it is refused",
            core="queue_timeout_ms",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_MEMORY_LIMIT_MB", "pool.memory_limit_mb", Count(), "0"),
            "memory of all processes with their tools, in MiB, as measured; above it idle ones are ended and none is "
            "started; 0: no limit",
            core="memory_limit_mb",
            is_live=True,
        ),
        Setting(
            *("IDLE_TIMEOUT_MS", "pool.idle_timeout_ms", Count(), "600000"),
            "a process that idles longer is ended; 0: never",
            core="idle_timeout_ms",
            is_live=True,
        ),
    ),
)

KEEPING = Group(
    "How long conversations are kept",
    "keeping",
    (
        Setting(
            *("HOTSEAT_RETENTION_MS", "conversations.retention_ms", Count(), "2592000000"),
            "a conversation that was not used for so long goes, with its files; 30 days; 0: never",
            core="retention_ms",
        ),
        Setting(
            *("HOTSEAT_TRANSIENT_RETENTION_MS", "conversations.transient_retention_ms", Count(), "86400000"),
            "the same for those that nobody named and that had one turn at most; one day; 0: never",
            core="transient_retention_ms",
        ),
        Setting(
            *("HOTSEAT_WORKSPACE_RETENTION_MS", "conversations.workspace_retention_ms", Count(), "0"),
            "a workspace that clients named goes when nothing has used it for so long and no conversation has it any "
            "more ([containment.md](containment.md#named-workspaces)); 0: never",
            core="workspace_retention_ms",
        ),
        Setting(
            *("HOTSEAT_MAX_IMPORT_BYTES", "conversations.max_import_bytes", Count(1), "134217728"),
            "the largest conversation that `ImportConversation` takes in; it is held in memory meanwhile",
            core="max_import_bytes",
        ),
    ),
)


TIME = Group(
    "Time",
    "time",
    (
        Setting(
            *("HOTSEAT_DRAIN_TIMEOUT_MS", "core.drain_timeout_ms", Count(), "30000"),
            "how long running turns may take to end after SIGTERM",
            core="drain_timeout_ms",
        ),
        Setting(
            *("HOTSEAT_STALL_TIMEOUT_MS", "turns.stall_timeout_ms", Count(1), "120000"),
            "a turn fails where its process says nothing for so long",
            core="stall_timeout_ms",
        ),
        Setting(
            *("HOTSEAT_TURN_TIMEOUT_MS", "turns.turn_timeout_ms", Count(1), "1800000", "the longest turn"),
            core="turn_timeout_ms",
        ),
    ),
)

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
            *("HOTSEAT_MAX_IMPORT_BYTES", "conversations.max_import_bytes", Count(1), "134217728"),
            "the largest conversation that `ImportConversation` takes in; it is held in memory meanwhile",
            core="max_import_bytes",
        ),
    ),
)

WORKERS = Group(
    "The workers",
    "workers",
    (
        Setting(
            *("HOTSEAT_DATA_DIR", "core.data_dir", FilePath(), ".hotseat"),
            "where the core keeps its files: the journal of all conversations, workspaces, the workers' own "
            "directories",
            core="data_dir",
            default_is="`./.hotseat`",
            example="./.hotseat",
        ),
        Setting(
            *("WORKSPACE_DIR", "workers.workspace_dir", FilePath(), ""),
            "one directory for the tools of all `claude-code` conversations",
            core="workspace_dir",
            default_is="a new one for each conversation, under the data directory",
            example="./workspace",
        ),
        Setting(
            *("HOTSEAT_WORKSPACE_LIMIT_MB", "workers.workspace_limit_mb", Count(), "0"),
            "what a conversation's workspace may take of the disk, in MiB; 0: no limit "
            "([containment.md](containment.md#workspaces))",
            core="workspace_limit_mb",
        ),
        Setting(
            *("HOTSEAT_WORKER_MEMORY_LIMIT_MB", "workers.worker_memory_limit_mb", Count(), "4096"),
            "memory of one process with all that its agent starts, in MiB, as measured once a second; beyond it the "
            "turn fails and all of it is ended ([containment.md](containment.md#what-an-agent-may-take)); 0: no limit",
            core="worker_memory_limit_mb",
        ),
        Setting(
            *("HOTSEAT_WORKER_PROCESS_LIMIT", "workers.worker_process_limit", Count(), "512"),
            "processes that one agent may have at once; the same beyond it; 0: no limit",
            core="worker_process_limit",
        ),
        Setting(
            *("HOTSEAT_CONTAINMENT", "workers.containment", Choice(("auto", "bubblewrap", "watcher")), "auto"),
            "what sees to it that nothing that a worker has started outlives it: `bubblewrap`, `watcher`, or `auto`, "
            "which is bubblewrap where it works ([containment.md](containment.md))",
            core="containment",
        ),
        Setting(
            *("HOTSEAT_SANDBOX", "workers.sandbox", Choice(("auto", "required", "off")), "auto"),
            "what workers and their tools see of the machine: the system's programs and their own directories alone "
            "where bubblewrap works (`auto`), or else nothing starts (`required`); or all that the core sees (`off`) "
            "([containment.md](containment.md#the-sandbox))",
            core="sandbox",
        ),
        Setting(
            *("HOTSEAT_SANDBOX_NETWORK", "workers.sandbox_network", Choice(("none", "host")), "none"),
            "what sandboxed workers reach of the network: `none`, but for the model's provider through the core; or "
            "`host`, all that the core does",
            core="sandbox_network",
        ),
        Setting(
            *("HOTSEAT_EGRESS_ALLOW", "workers.egress_allow", Items(), ""),
            "hosts, with commas between, that sandboxed agents reach all the same: `pypi.org` (port 443), "
            "`*.example.com` for all below it, `example.com:8443` "
            "([containment.md](containment.md#hosts-that-agents-may-reach))",
            core="egress_allow",
            example="pypi.org,files.pythonhosted.org,*.example.com:8443",
        ),
        Setting(
            *("HOTSEAT_EGRESS_NETWORKS", "workers.egress_networks", Items(), ""),
            "networks of your own, with commas between, that these names may lead into: `10.20.0.0/16`. Without, they "
            "lead into the internet alone",
            core="egress_networks",
            example="10.20.0.0/16",
        ),
        Setting(
            *("HOTSEAT_SANDBOX_READABLE", "workers.sandbox_readable", Items(":", are_paths=True), ""),
            "directories that they may read besides, separated by colons: `/opt/node:/srv/models`. Those of programs "
            "can stay in `PATH`",
            core="sandbox_readable",
            example="/opt/node:/srv/models",
        ),
        Setting(
            "HOTSEAT_PERMISSION_MODE",
            "workers.permission_mode",
            Choice(("deny", "accept-edits", "bypass")),
            "deny",
            "what becomes of tools that no rule covers where no client can be asked: `deny` refuses them, "
            "`accept-edits` lets files be edited, `bypass` allows everything, as root only in a "
            "[sandbox](containment.md#the-sandbox)",
            core="permission_mode",
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

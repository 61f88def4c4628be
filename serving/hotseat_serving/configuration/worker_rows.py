"""The settings of workers: where their agents work, and what they may. Pure."""

from hotseat_serving.configuration.kinds import Choice, Count, FilePath, Items
from hotseat_serving.configuration.setting import Group, Setting

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
            "hosts, with commas between, that sandboxed agents reach all the same: `packages.example.org` (port 443), "
            "`*.example.com` for all below it, `example.com:8443` "
            "([containment.md](containment.md#hosts-that-agents-may-reach))",
            core="egress_allow",
            example="packages.example.org,files.example.com,*.example.com:8443",
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

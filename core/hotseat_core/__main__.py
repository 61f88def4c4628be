"""`python -m hotseat_core`: serve until told to stop, then drain."""

import os

# gRPC reads this when it is imported: workers are spawned, never forked to run Python.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import asyncio
import resource
import sys
from functools import partial

from hotseat_serving import logs
from hotseat_serving.configuration.file import ConfigurationError, Configured, configured, tell
from hotseat_serving.configuration.reloading import Reloading
from hotseat_serving.configuration.table import CORE_NAMES
from hotseat_serving.kept_log import CannotKeepLogError, keep
from hotseat_serving.lifetime import until_told_to_stop
from hotseat_serving.notify import Notifier
from hotseat_serving.process import CHECK, new_event_loop, settle_memory
from hotseat_serving.secrecy import hide
from hotseat_serving.tracing import HEADERS, CannotTraceError, Tracer, tracing

from hotseat_core.becoming import become
from hotseat_core.data_dir import DataDir, DataDirError
from hotseat_core.errors import StorageFailed, WorkerStartError
from hotseat_core.listening import CannotListenError
from hotseat_core.metrics.failures import CannotServeMetricsError
from hotseat_core.server import serve
from hotseat_core.settings import SECRETS, CoreSettings, SettingsError, read_settings
from hotseat_core.upstream.given import NoWayError

_END_S = 20.0  # beyond the drain: for streams, workers and the journal


async def _run(settings: CoreSettings, configuration: Configured, notifier: Notifier, tracer: Tracer | None) -> None:
    async with notifier.alive(), serve(settings, tracer) as core:
        settle_memory()
        reloading = Reloading(configuration, settings, read_settings, SettingsError, partial(become, core.pool))
        await until_told_to_stop(
            settings.parent_fd if settings.parent_fd >= 0 else None,
            announce=partial(_announce, core.target, notifier),
            reload=reloading.reload,
        )
        notifier.stopping(settings.drain_timeout_ms / 1000 + _END_S)


def _announce(target: str, notifier: Notifier) -> None:
    print(f"hotseat core listening on {target}", flush=True)  # noqa: T201 -- what supervisors wait for
    notifier.ready(f"listening on {target}")


def main() -> int:
    """Serve, and return the process's exit code."""
    try:
        configuration = configured(os.environ, CORE_NAMES)
        settings = read_settings(configuration.values)
    except (ConfigurationError, SettingsError) as error:
        return _fail(error, 2)
    if CHECK in sys.argv[1:]:
        return 0
    logs.configure(settings.log_level, settings.log_format)
    hide(os.environ, (*SECRETS, HEADERS))
    # Of what workers start: it would hold a conversation, and fill the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not settings.credential:
        return _fail("no credential: set ANTHROPIC_API_KEY, or use `hotseat demo` for the scripted demo model", 2)
    try:
        keep(settings.log_dir, "core")
        tell(configuration)
        with (
            tracing(settings.wanted_traces, "hotseat-core") as tracer,
            DataDir(settings.data_path),
            asyncio.Runner(loop_factory=new_event_loop) as runner,
        ):
            runner.run(_run(settings, configuration, Notifier.of(os.environ), tracer))
    except (
        CannotKeepLogError,
        CannotListenError,
        CannotServeMetricsError,
        CannotTraceError,
        DataDirError,
        NoWayError,
        StorageFailed,
        WorkerStartError,
    ) as error:
        return _fail(error, 2)
    return 0


def _fail(error: object, code: int) -> int:
    print(f"hotseat core: {error}", file=sys.stderr)  # noqa: T201 -- a mistake to mend, not an event to log
    return code


if __name__ == "__main__":
    sys.exit(main())

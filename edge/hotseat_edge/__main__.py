"""`python -m hotseat_edge`: serve until told to stop."""

import asyncio
import os
import sys

from hotseat_serving import logs
from hotseat_serving.configuration.file import ConfigurationError, configured, tell
from hotseat_serving.configuration.table import EDGE_NAMES
from hotseat_serving.lifetime import until_told_to_stop
from hotseat_serving.notify import Notifier
from hotseat_serving.process import CHECK, allow_files, new_event_loop, settle_memory
from hotseat_serving.secrecy import hide
from hotseat_serving.tracing import HEADERS, CannotTraceError, Tracer, tracing

from hotseat_edge.app import CannotListen, serve
from hotseat_edge.settings import BadSetting, Settings, load

_OTHER_FILES = 64  # besides clients: the core, logs, the loop itself
_END_S = 10.0  # beyond what running requests have to end


async def _run(settings: Settings, notifier: Notifier, tracer: Tracer | None) -> None:
    async with notifier.alive(), serve(settings, tracer) as url:
        settle_memory()
        print(f"hotseat edge listening on {url}", flush=True)  # noqa: T201  # the line that supervisors wait for
        notifier.ready(f"listening on {url}")
        await until_told_to_stop(settings.parent_fd)
        notifier.stopping(settings.drain_s + _END_S)


def main() -> int:
    """Serve, and return the process's exit code."""
    try:
        configuration = configured(os.environ, EDGE_NAMES)
        settings = load(configuration.values)
    except (BadSetting, ConfigurationError) as error:
        print(f"hotseat edge: {error}", file=sys.stderr)  # noqa: T201  # logging is not configured yet
        return 2
    if CHECK in sys.argv[1:]:
        return 0
    logs.configure(settings.log_level, settings.log_format)
    if settings.otlp_headers:
        hide(os.environ, [HEADERS])
    tell(configuration)
    allow_files(settings.max_connections + _OTHER_FILES)
    try:
        with (
            tracing(settings.wanted_traces, "hotseat-edge") as tracer,
            asyncio.Runner(loop_factory=new_event_loop) as runner,
        ):
            runner.run(_run(settings, Notifier.of(os.environ), tracer))
    except (BadSetting, CannotListen, CannotTraceError) as error:
        print(f"hotseat edge: {error}", file=sys.stderr)  # noqa: T201  # a mistake to mend, not an event to log
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

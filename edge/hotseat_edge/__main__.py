"""`python -m hotseat_edge`: serve until told to stop."""

import asyncio
import os
import sys
from functools import partial

from hotseat_serving import logs
from hotseat_serving.configuration.file import ConfigurationError, Configured, configured, tell
from hotseat_serving.configuration.reloading import Reloading
from hotseat_serving.configuration.table import EDGE_NAMES
from hotseat_serving.kept_log import CannotKeepLogError, keep
from hotseat_serving.lifetime import until_told_to_stop
from hotseat_serving.notify import Notifier
from hotseat_serving.process import CHECK, new_event_loop, settle_memory
from hotseat_serving.secrecy import hide
from hotseat_serving.tracing import HEADERS, CannotTraceError, Tracer, tracing

from hotseat_edge.app import CannotListen, serve
from hotseat_edge.doors import Doors
from hotseat_edge.settings import BadSetting, Settings, load

_END_S = 10.0  # beyond what running requests have to end


async def _run(settings: Settings, configuration: Configured, notifier: Notifier, tracer: Tracer | None) -> None:
    doors = Doors(settings)
    reloading = Reloading(configuration, settings, load, BadSetting, doors.become)
    async with notifier.alive(), serve(settings, tracer, doors) as url:
        settle_memory()
        await until_told_to_stop(
            settings.parent_fd, announce=partial(_announce, url, notifier), reload=reloading.reload
        )
        notifier.stopping(settings.drain_s + _END_S)


def _announce(url: str, notifier: Notifier) -> None:
    print(f"hotseat edge listening on {url}", flush=True)  # noqa: T201  # the line that supervisors wait for
    notifier.ready(f"listening on {url}")


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
    try:
        keep(settings.log_dir, "edge")
        tell(configuration)
        with (
            tracing(settings.wanted_traces, "hotseat-edge") as tracer,
            asyncio.Runner(loop_factory=new_event_loop) as runner,
        ):
            runner.run(_run(settings, configuration, Notifier.of(os.environ), tracer))
    except (BadSetting, CannotKeepLogError, CannotListen, CannotTraceError) as error:
        print(f"hotseat edge: {error}", file=sys.stderr)  # noqa: T201  # a mistake to mend, not an event to log
        # An address may be free the next time, and a core may have keys: only what no start mends is 2.
        return 1 if isinstance(error, CannotListen) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())

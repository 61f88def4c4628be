"""What every operator's command takes: where the core is, and how to print."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import click

if TYPE_CHECKING:
    from hotseat_cli.operate.session import Session

Work: TypeAlias = "Callable[[Session], Awaitable[int | None]]"

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SHORTEST_INTERVAL_S = 0.1  # between two pictures: nobody reads faster
_LONGEST_S = 3650 * 86400.0
_PARTS = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", re.ASCII)

_SIZE = re.compile(r"(?P<amount>\d{1,15}(?:\.\d{1,9})?) ?(?:(?P<unit>[kmgt])i?b?)?", re.ASCII)
_SIZES = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_MOST_BYTES = 2**50


@dataclass(frozen=True, slots=True)
class Chosen:
    """The shared options of one call."""

    target: str | None
    as_json: bool
    no_color: bool
    tenant: str = ""  # whom an admin acts for


class Seconds(click.ParamType[float]):
    """A length of time: 30, 30s, 500ms, 10m, 1h30m."""

    name = "duration"

    def __init__(self, at_least_s: float = 0.0) -> None:
        self._at_least_s = at_least_s

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return it in seconds."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        whole = f"{text}s" if re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) else text
        if not re.fullmatch(rf"({_PARTS.pattern})+", whole, re.ASCII):
            self.fail(f"{value!r} is no length of time; write 30s, 10m or 1h30m", param, ctx)
        seconds = sum(float(amount) * _UNITS[unit] for amount, unit in _PARTS.findall(whole))
        if seconds > _LONGEST_S:
            self.fail(f"{value!r} is more than ten years", param, ctx)
        if seconds < self._at_least_s:
            self.fail(f"{value!r} is too short; the shortest is {self._at_least_s:g}s", param, ctx)
        return seconds


class Bytes(click.ParamType[int]):
    """An amount of memory: 8GiB, 900MiB; a bare number is MiB, as in HOTSEAT_MEMORY_LIMIT_MB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return it in bytes."""
        if isinstance(value, int):
            return value
        found = _SIZE.fullmatch(str(value).strip().lower())
        if found is None:
            self.fail(f"{value!r} is no amount of memory; write 8GiB or 900MiB", param, ctx)
        amount = float(found["amount"]) * _SIZES[found["unit"] or "m"]
        if amount > _MOST_BYTES:
            self.fail(f"{value!r} is more than a pebibyte", param, ctx)
        return int(amount)


CHOSEN = "hotseat_cli.config"  # where a command's context keeps the file that --config names


def _keep_config(context: click.Context, parameter: click.Parameter, value: str | None) -> None:  # noqa: ARG001
    if value is not None:
        context.meta[CHOSEN] = value


CONFIG = click.option(
    "--config",
    metavar="FILE",
    type=click.Path(),
    is_eager=True,
    expose_value=False,
    callback=_keep_config,
    help="Take settings from this hotseat.toml (HOTSEAT_CONFIG).",
)
INSECURE = click.option(
    "--insecure-no-auth",
    is_flag=True,
    help="Serve other machines without asking for a key (HOTSEAT_INSECURE_NO_AUTH=1).",
)

_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="JSON instead of a table; docs/operations.md has its fields."),
    click.option(
        *("--target", "--core", "target"),
        metavar="TARGET",
        help="The core: HOST:PORT or unix:PATH (HOTSEAT_CORE_TARGET).",
    ),
    click.option("--as-tenant", metavar="TENANT", default="", help="Act for this tenant; needs a key with admin."),
    click.option("--no-color", is_flag=True, help="No colours, as with NO_COLOR=1."),
)


def core_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; it gets them as one `chosen`."""

    def with_chosen(*, target: str | None, as_json: bool, as_tenant: str, no_color: bool, **own: Any) -> None:
        from hotseat_cli import settings

        settings.silence_grpc()
        command(chosen=Chosen(target, as_json, no_color, as_tenant), **own)

    wrapped: Callable[..., None] = with_chosen
    wrapped.__name__, wrapped.__doc__ = command.__name__, command.__doc__
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def complete_id(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:  # noqa: ARG001
    """Offer the shell the ids of conversations."""
    from hotseat_cli import settings

    settings.silence_grpc()
    from hotseat_cli.operate.completing import conversation_ids

    return conversation_ids(context.params.get("target"), begun)


def run(chosen: Chosen, work: Work) -> NoReturn:
    """Do the work with a connected client, and end with its exit code."""
    from hotseat_cli.operate.session import run_session

    raise SystemExit(run_session(chosen, work))

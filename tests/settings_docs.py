"""What the documents say of the settings, made from their table."""

from collections.abc import Iterator

from hotseat_serving.configuration.setting import Group, Setting
from hotseat_serving.configuration.table import GROUPS

_LIVE = " ↻"

_HEAD = """\
# Copy to .env; `hotseat up` reads it from the directory it is started in. docker compose reads it, too, and hands on
# what docker-compose.yml names.
# The environment beats this file. docs/settings.md explains every setting.
# Made by `make docs`.
"""


def table(group: Group) -> str:
    """A group's settings, as docs/settings.md lists them."""
    rows = [_row(setting) for setting in group.settings]
    return "\n".join(["| variable | in `hotseat.toml` | default | meaning |", "|---|---|---|---|", *rows])


def _row(setting: Setting) -> str:
    default = setting.default_is or (f"`{setting.default}`" if setting.default else "")
    cells = (f"`{setting.name}`", f"`{setting.path}`", default, f"{setting.says}{_LIVE * setting.is_live}")
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


def env_example() -> str:
    """The whole of .env.example."""
    return "\n".join([_HEAD, *(line for group in GROUPS for line in _example(group))]).rstrip() + "\n"


def _example(group: Group) -> Iterator[str]:
    yield f"# {group.title}."
    yield from (f"#{setting.name}={setting.example or setting.default}" for setting in group.settings)
    yield ""

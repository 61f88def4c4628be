"""A configuration file to begin with. Pure."""

import re
import textwrap
from collections.abc import Iterator

from hotseat_serving.configuration.setting import Setting
from hotseat_serving.configuration.table import SECTIONS, SETTINGS

_WIDTH = 100
_LINK = re.compile(r"\[([^\]]+)\]\((?P<page>[^)#]+)[^)]*\)")
_HEAD = """\
# Settings of `hotseat up`, `hotseat core` and `hotseat edge`, and of the commands that talk to them.
# A flag beats the environment, which beats ./.env, which beats this file, which beats the default.
# What is commented out is as it is without this file. `hotseat config check` says whether it will do,
# `hotseat config show --origin` what is in force; docs/settings.md explains it all.
"""


def text() -> str:
    """Every setting with what it means, all of them commented out."""
    return "\n".join([_HEAD, *(line for section in SECTIONS for line in _section(section))]).rstrip() + "\n"


def _section(section: str) -> Iterator[str]:
    yield f"[{section}]"
    for setting in SETTINGS.values():
        if setting.section == section:
            yield from _commented(setting)
    yield ""


def _commented(setting: Setting) -> Iterator[str]:
    yield from textwrap.wrap(
        _plain(setting.says), _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
    yield f"#{setting.key} = {setting.kind.written(setting.example or setting.default)}"


def _plain(markdown: str) -> str:
    told = _LINK.sub(lambda link: link[1] if link[1].startswith("`") else f"docs/{link['page']}", markdown)
    return f"{told[:1].upper()}{told[1:]}."

"""All settings: what the servers read, what a configuration file may hold, and what the documents list. Pure."""

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from hotseat_serving.configuration import serving_rows, telling_rows, work_rows, worker_rows
from hotseat_serving.configuration.setting import Group, Setting

GROUPS: tuple[Group, ...] = (
    work_rows.ANSWERING,
    serving_rows.LISTENING,
    serving_rows.OF_THE_EDGE,
    serving_rows.OF_THE_CORE,
    serving_rows.ACCESS,
    work_rows.POOL,
    work_rows.KEEPING,
    worker_rows.WORKERS,
    work_rows.TIME,
    telling_rows.ANSWERS,
    telling_rows.LOGS,
    telling_rows.TRACES,
)
SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {setting.name: setting for group in GROUPS for setting in group.settings}
)
BY_PATH: Mapping[str, Setting] = MappingProxyType({setting.path: setting for setting in SETTINGS.values()})
SECTIONS: tuple[str, ...] = tuple(dict.fromkeys(setting.section for setting in SETTINGS.values()))
CORE_FIELDS: Mapping[str, str] = MappingProxyType({one.core: one.name for one in SETTINGS.values() if one.core})
EDGE_FIELDS: Mapping[str, str] = MappingProxyType({one.edge: one.name for one in SETTINGS.values() if one.edge})
# What each server takes from a configuration file: the edge no credential of the core's.
CORE_NAMES = frozenset(one.name for one in SETTINGS.values() if one.core or not one.edge)
EDGE_NAMES = frozenset(EDGE_FIELDS.values())


def suggestion(name: str, known: Iterable[str]) -> str:
    """What to say beside a name that there is not."""
    listed = list(known)
    bare = name.removeprefix("HOTSEAT_")
    near = [bare] if bare in listed else difflib.get_close_matches(name, listed, n=1)
    return f"did you mean {near[0]}?" if near else "docs/settings.md lists them all"

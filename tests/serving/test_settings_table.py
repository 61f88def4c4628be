"""The table of settings: it says of each what the server that reads it does."""

from collections.abc import Callable
from typing import Any

import hotseat_core.settings
import hotseat_edge.settings
import pytest
from hotseat_core.settings import CoreSettings
from hotseat_edge.settings import Settings
from hotseat_serving.configuration.kinds import Choice, Count
from hotseat_serving.configuration.setting import Setting
from hotseat_serving.configuration.table import BY_PATH, GROUPS, SETTINGS, suggestion

Read = Callable[[dict[str, str]], Any]
REFUSED = (hotseat_core.settings.SettingsError, hotseat_edge.settings.BadSetting)
# Each setting, as often as there are servers that read it.
READ: list[tuple[Setting, str, Read, Any]] = [
    *((one, one.core, hotseat_core.settings.read_settings, CoreSettings()) for one in SETTINGS.values() if one.core),
    *((one, one.edge, hotseat_edge.settings.load, Settings()) for one in SETTINGS.values() if one.edge),
]
IDS = [f"{field}: {one.name}" for one, field, _, _ in READ]
each = pytest.mark.parametrize(("one", "field", "read", "defaults"), READ, ids=IDS)


def is_taken(read: Read, name: str, text: str) -> bool:
    try:
        read({name: text})
    except REFUSED:
        return False
    return True


@each
def test_the_default_is_the_servers_own(one: Setting, field: str, read: Read, defaults: Any) -> None:
    assert getattr(read({one.name: one.default}), field) == getattr(defaults, field)
    if one.default:
        assert getattr(defaults, field) not in (None, "")
    else:
        assert getattr(defaults, field) in (None, "", ())


@each
def test_what_it_takes_is_what_the_server_takes(one: Setting, field: str, read: Read, defaults: Any) -> None:
    if isinstance(one.kind, Choice):
        assert all(is_taken(read, one.name, word) for word in one.kind.words)
        assert not is_taken(read, one.name, "nonsense")
    if isinstance(one.kind, Count):
        assert is_taken(read, one.name, str(one.kind.at_least))
        # Where 0 means never, the server tells it from what is less.
        assert not is_taken(read, one.name, str(one.kind.at_least - 1))
        if one.kind.at_most is not None:
            assert is_taken(read, one.name, str(one.kind.at_most))
            assert not is_taken(read, one.name, str(one.kind.at_most + 1))


def test_every_setting_has_one_name_and_one_place() -> None:
    rows = [setting for group in GROUPS for setting in group.settings]
    assert len(rows) == len(SETTINGS) == len(BY_PATH)
    assert len({group.mark for group in GROUPS}) == len(GROUPS)


def test_a_place_in_the_file_ends_as_the_variable_does() -> None:
    """Who knows one of the two guesses the other."""
    assert [one.name for one in SETTINGS.values() if not one.name.lower().endswith(one.key)] == []


def test_a_setting_that_no_server_reads_by_its_field_is_a_secret_or_its_file() -> None:
    without = {one.name for one in SETTINGS.values() if not one.core and not one.edge}
    assert without == {*hotseat_core.settings.SECRETS, hotseat_core.settings.API_KEY_FILE}
    assert {name for name in without if not name.endswith("_FILE")} == {
        one.name for one in SETTINGS.values() if one.is_secret and not one.core
    }


@pytest.mark.parametrize(
    ("name", "told"),
    [("HOTSEAT_WARM_WORKER", "did you mean HOTSEAT_WARM_WORKERS?"), ("QQQ", "docs/settings.md lists them all")],
)
def test_a_misspelt_name_finds_the_likely_one(name: str, told: str) -> None:
    assert suggestion(name, SETTINGS) == told

"""A core starts no workers that nothing fences in, where something has to."""

import os
from pathlib import PurePath

import pytest
from hotseat_core.equipment import check_egress, forbid_root
from hotseat_core.errors import WorkerStartError
from hotseat_core.settings import CoreSettings
from hotseat_core.worker.containment import Containment
from hotseat_core.worker.sandbox import Sandbox, System

OPEN = Containment("watcher", why_no_sandbox="there is no bwrap in PATH")
FENCED = Containment("bubblewrap", sandbox=Sandbox("/bwrap", System((), ()), (), PurePath("/data")))
BYPASS = CoreSettings(permission_mode="bypass")


def test_agents_that_may_do_all_are_not_started_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    with pytest.raises(WorkerStartError, match=r"as root what they like.*no bwrap in PATH.*another user"):
        forbid_root(BYPASS, OPEN)


@pytest.mark.parametrize(
    ("user", "settings", "containment"),
    [
        (1000, BYPASS, OPEN),
        (0, BYPASS, FENCED),
        (0, CoreSettings(permission_mode="accept-edits"), OPEN),
        (0, CoreSettings(permission_mode="bypass", inherited_env={"IS_SANDBOX": "1"}), OPEN),
    ],
)
def test_what_fences_them_in_is_enough(
    user: int, settings: CoreSettings, containment: Containment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: user)
    forbid_root(settings, containment)


def test_a_list_of_hosts_is_not_taken_for_kept_where_nothing_keeps_it() -> None:
    listed = CoreSettings(egress_allow="packages.example.org")
    with pytest.raises(WorkerStartError, match=r"HOTSEAT_EGRESS_ALLOW can't be kept.*no bwrap in PATH"):
        check_egress(listed, OPEN)
    check_egress(listed, FENCED)
    check_egress(CoreSettings(), OPEN)

"""Where the directories that clients name are on disk."""

from pathlib import Path

import pytest
from hotseat_core.conversation.named_workspaces import NamedWorkspaces, is_id
from hotseat_core.conversation.workspaces import Workspaces
from hotseat_core.errors import InvalidMessage
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.store import MemoryStore

MADE = Path("/data/workspaces")


def found_in(shared: Path | None) -> Workspaces:
    return Workspaces("", MADE, NamedWorkspaces(MADE, MemoryStore()), shared=shared)


def found() -> Workspaces:
    return found_in(None)


@given(name=st.text(min_size=1, max_size=200))
def test_a_name_is_one_directory_of_the_servers_own_naming(name: str) -> None:
    path = found().named(name)
    assert path.parent == MADE
    assert len(path.name.encode()) < 64
    assert path.name.isascii()
    assert path.name.replace("-", "").isalnum()
    assert is_id(path.name)


@given(names=st.sets(st.text(alphabet="aA./-é", min_size=1, max_size=6), min_size=2, max_size=2))
def test_two_names_are_two_directories_neither_in_the_other(names: set[str]) -> None:
    first, second = (found().named(name) for name in names)
    if len({str(Path(name)) for name in names}) == 2:
        assert first != second
        assert first.parent == second.parent


def test_a_name_stays_readable() -> None:
    held = found()
    assert held.named("team/My Project").name.startswith("team-my-project-")
    assert held.named("a//b/.") == held.named("a/b")


def test_in_a_directory_of_the_operators_a_name_is_a_path_that_stays_in_it(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (shared / "api").mkdir(parents=True)
    (shared / "latest").symlink_to("api")
    (shared / "out").symlink_to(tmp_path)
    held = found_in(shared)
    assert held.named("api/new") == shared / "api" / "new"
    assert held.named("latest") == shared / "api"
    with pytest.raises(InvalidMessage, match="leaves the workspace root"):
        held.named("out")

"""What bubblewrap is told: a table of situations."""

from itertools import pairwise
from pathlib import PurePath as Path

from hotseat_core.worker.sandbox import OPEN_FILE, Network, Room, Sandbox, System
from hypothesis import example, given
from hypothesis import strategies as st

SYSTEM = System(("--ro-bind", "/usr", "/usr"), (Path("/usr"), Path("/bin")))
USUAL = Sandbox("/bin/bwrap", SYSTEM, (), Path("/data"), filter=Path("/data/sandbox/filter"))
AS_ROOT = Sandbox("/bin/bwrap", SYSTEM, (), Path("/data"), owner=(65534, 65533), drop="/bin/setpriv")
OWN = Room(Path("/data/workspaces/c1"), Path("/data/workers/w1"), (Path("/opt/claude"),))


def mounts(argv: tuple[str, ...]) -> list[str]:
    """What is mounted where, in order, the system's own left out."""
    own = argv[argv.index("/var/tmp") :]
    return [f"{word} {path}" for word, path in pairwise(own) if word in {"--tmpfs", "--bind", "--ro-bind"}]


def test_the_outer_place_is_mounted_before_the_inner_one() -> None:
    assert mounts(USUAL.around(("claude",), OWN)) == [
        "--bind /data/workers/w1/tmp",
        "--tmpfs /data",
        "--ro-bind /opt/claude",
        "--bind /data/workspaces/c1",
        "--bind /data/workers/w1",
    ]


def test_the_cores_own_directory_is_hidden_in_a_workspace_that_holds_it() -> None:
    room = Room(Path("/home/me"), Path("/home/me/.hotseat/workers/w1"), (Path("/home/me/venv/claude"),))
    argv = Sandbox("/bin/bwrap", SYSTEM, (), Path("/home/me/.hotseat")).around(("claude",), room)
    assert mounts(argv)[1:] == [
        "--bind /home/me",
        "--tmpfs /home/me/.hotseat",
        "--ro-bind /home/me/venv/claude",
        "--bind /home/me/.hotseat/workers/w1",
    ]


def test_everybody_may_go_through_what_is_above_a_place() -> None:
    argv = USUAL.around(("claude",), OWN)
    for parent in ("/data", "/data/workers", "/data/workspaces", "/opt"):
        assert ("--dir", parent) in list(pairwise(argv))


def test_the_command_and_its_words_stand_behind_everything_else() -> None:
    argv = USUAL.around(("/opt/claude", "--bind", "/", "/"), OWN)
    assert argv[-5:] == ("--", "/opt/claude", "--bind", "/", "/")
    assert argv[argv.index("--chdir") + 1] == "/data/workspaces/c1"
    assert argv[argv.index("--seccomp") + 1] == OPEN_FILE


def test_without_root_it_is_a_namespace_of_users_that_holds_no_other() -> None:
    argv = USUAL.around(("claude",), OWN)
    assert {"--unshare-user", "--disable-userns", "--unshare-pid", "--unshare-ipc", "--new-session"} <= set(argv)
    assert "--cap-add" not in argv
    old = Sandbox("/bin/bwrap", SYSTEM, (), Path("/data"), may_nest=True).around(("claude",), OWN)
    assert "--disable-userns" not in old
    assert "--seccomp" not in old  # there is no filter for every machine


def test_root_becomes_another_user_before_the_command() -> None:
    argv = AS_ROOT.around(("claude", "-p"), OWN)
    assert "--unshare-user" not in argv
    end = argv[argv.index("--") + 1 :]
    assert end[:3] == ("/bin/setpriv", "--reuid=65534", "--regid=65533")
    assert {"--clear-groups", "--bounding-set=-all", "--inh-caps=-all"} <= set(end)
    assert end[-3:] == ("--", "claude", "-p")


def test_the_network_is_the_cores_or_none() -> None:
    assert "--unshare-net" not in USUAL.around(("claude",), OWN)
    without = Sandbox("/bin/bwrap", SYSTEM, (), Path("/data"), network=Network.NONE)
    assert "--unshare-net" in without.around(("claude",), OWN)


def test_programs_are_looked_for_where_there_are_some() -> None:
    sandbox = Sandbox("/bin/bwrap", SYSTEM, (Path("/opt/node"),), Path("/data"))
    outside = {"PATH": "/root/venv/bin:/opt/node/bin:/usr/lib/go/bin:/usr/bin", "TMPDIR": "/x", "HOME": "/h"}
    assert sandbox.environment(outside) == {
        "PATH": "/opt/node/bin:/usr/lib/go/bin:/usr/bin:/usr/local/bin:/bin",
        "TMPDIR": "/tmp",
        "HOME": "/h",
    }
    assert sandbox.environment({})["PATH"] == "/usr/local/bin:/usr/bin:/bin"


# How many words follow each of bubblewrap's options that we use.
TAKES = {
    **dict.fromkeys(["--bind", "--ro-bind", "--symlink"], 2),
    **dict.fromkeys(["--dir", "--tmpfs", "--proc", "--dev", "--perms", "--hostname", "--remount-ro", "--chdir"], 1),
    **dict.fromkeys(["--seccomp", "--cap-drop", "--cap-add"], 1),
    **dict.fromkeys(["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--unshare-net"], 0),
    **dict.fromkeys(["--unshare-user", "--disable-userns", "--die-with-parent", "--new-session"], 0),
}

# Whose values are never a client's.
OF_OURS = {"--symlink", "--perms", "--hostname", "--seccomp", "--cap-drop", "--cap-add"}


@given(name=st.text(alphabet=st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1))
@example(name="--")
@example(name="--share-net")
@example(name=OPEN_FILE)
def test_no_name_of_a_workspace_is_taken_for_an_option(name: str) -> None:
    room = Room(Path("/shared") / name, Path("/data/workers/w1"), around=Path("/shared"))
    argv = list(AS_ROOT.around(("claude",), room)[1:])
    alone = list(USUAL.around(("claude",), Room(Path("/shared") / name, Path("/data/workers/w1")))[1:])
    for words in (argv, alone):
        while words[0] != "--":
            option = words.pop(0)
            values = [words.pop(0) for _ in range(TAKES[option])]
            assert option in OF_OURS or all(value.startswith("/") for value in values)

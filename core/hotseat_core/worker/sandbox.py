"""A sandbox around each worker: what of the machine it sees, and how to run a command in it. No I/O."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

OPEN_FILE = "{open file}"  # in an argument vector: the number of the descriptor that the command's file is open as

_TMP = PurePath("/tmp")  # noqa: S108 -- the worker's own
_PROGRAMS = (PurePath("/usr/local/bin"), PurePath("/usr/bin"), PurePath("/bin"))

# Variables that name proxies, perhaps with a password: of no use without a network.
_PROXIES = {"http_proxy", "https_proxy", "no_proxy"}

# To become another user, in a directory that may be that user's alone; they are gone with it.
_TO_CHANGE_USER = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_READ_SEARCH")

# None of them is shared with the machine; the network only where that is asked for.
_NAMESPACES = ("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
_ENDS = ("--die-with-parent", "--new-session")
_OWN_SYSTEM = (
    *("--proc", "/proc", "--dev", "/dev"),
    *("--perms", "1777", "--tmpfs", "/dev/shm"),  # noqa: S108 -- its own, too
    *("--dir", "/run", "--dir", "/var", "--symlink", str(_TMP), "/var/tmp"),  # noqa: S108
)


class Network(enum.StrEnum):
    """What of the network a sandbox has."""

    NONE = "none"  # its own loopback
    LISTED = "listed"  # the same, with a proxy on it that leads to the hosts that the operator has listed
    HOST = "host"  # all that the core has


@dataclass(frozen=True, slots=True)
class Room:
    """The places of one worker. Everything else of the machine's files but its programs is not there for it."""

    cwd: PurePath
    scratch: PurePath  # its own directory, with `tmp` in it
    readable: tuple[PurePath, ...] = ()  # files, besides those that all workers see
    # A directory around cwd that is there, too. None: cwd alone. What others may change on the way to cwd, symlinks for
    # example, is then followed inside the sandbox, and leads nowhere else.
    around: PurePath | None = None


@dataclass(frozen=True, slots=True)
class System:
    """What every worker sees of the machine, as bubblewrap's arguments, and the directories that these show."""

    arguments: tuple[str, ...]
    visible: tuple[PurePath, ...]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How bubblewrap is to fence workers in."""

    bwrap: str
    system: System
    readable: tuple[PurePath, ...]  # what workers see besides
    hidden: PurePath  # the core's directory: inside a worker's own it is empty but for that worker's places
    filter: PurePath | None = None  # of system calls; None: there is none for this machine
    owner: tuple[int, int] | None = None  # user and group that workers run as; None: the core's own
    drop: str = ""  # the program that makes it these
    may_nest: bool = False  # this bubblewrap can't forbid user namespaces by itself
    network: Network = Network.HOST

    def around(self, argv: tuple[str, ...], room: Room) -> tuple[str, ...]:
        """Return what to run for this to run inside."""
        return (
            *(self.bwrap, *_NAMESPACES, *_ENDS, "--hostname", "hotseat"),
            *(() if self._is_online else ("--unshare-net",)),
            *self._rights(),
            *self.system.arguments,
            *_OWN_SYSTEM,
            *self._places(room),
            *("--remount-ro", "/", "--chdir", str(room.cwd)),
            *(("--seccomp", OPEN_FILE) if self.filter is not None else ()),
            "--",
            *self._as_owner(),
            *argv,
        )

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return it with the paths that differ inside."""
        kept = {name: value for name, value in environment.items() if name.lower() not in _PROXIES or self._is_online}
        return {**kept, "TMPDIR": str(_TMP), "PATH": self._search_path(environment.get("PATH", ""))}

    @property
    def _is_online(self) -> bool:
        return self.network is Network.HOST

    def _search_path(self, outside: str) -> str:
        given = [PurePath(entry) for entry in outside.split(":") if entry]
        seen = [
            entry
            for entry in given
            if any(entry.is_relative_to(place) for place in (*self.system.visible, *self.readable))
        ]
        return ":".join(str(entry) for entry in dict.fromkeys([*seen, *_PROGRAMS]))

    def _rights(self) -> Iterable[str]:
        if self.owner is not None:
            # Root makes no user namespace: inside one it would still be root to the files. It becomes another user.
            return ("--cap-drop", "ALL", *(word for right in _TO_CHANGE_USER for word in ("--cap-add", right)))
        return ("--unshare-user", *(() if self.may_nest else ("--disable-userns",)), "--cap-drop", "ALL")

    def _as_owner(self) -> Iterable[str]:
        if self.owner is None:
            return ()
        user, group = self.owner
        who = (f"--reuid={user}", f"--regid={group}", "--clear-groups")
        return (self.drop, *who, "--bounding-set=-all", "--inh-caps=-all", "--")

    def _places(self, room: Room) -> Iterable[str]:
        """A place may lie in another one: the outer is mounted first."""
        workspace = room.around or room.cwd
        mounts: dict[PurePath, tuple[str, ...]] = {
            _TMP: ("--bind", str(room.scratch / "tmp"), str(_TMP)),
            workspace: ("--bind", str(workspace), str(workspace)),
            self.hidden: ("--tmpfs", str(self.hidden)),
            room.scratch: ("--bind", str(room.scratch), str(room.scratch)),
            **{path: ("--ro-bind", str(path), str(path)) for path in (*self.readable, *room.readable)},
        }
        for path in sorted(mounts, key=lambda path: len(path.parts)):
            # By itself bubblewrap makes what is above a path as private as the path is.
            for parent in reversed(path.parents[:-1]):
                yield from ("--dir", str(parent))
            yield from mounts[path]

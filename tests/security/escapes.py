"""Ways out of a sandbox, as one shell script that tries them all and reports on each."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """What there is outside, for a script that looks for it."""

    secret: Path  # a file that everybody on the machine may read
    neighbour: Path  # a file in another conversation's workspace
    data_dir: Path
    cli: Path
    core: int  # process id
    socket: Path  # that everybody on the machine may connect to; and a nameless one of the same name
    port: int  # of loopback, on which the core listens

    def script(self, ways: Iterable[str]) -> str:
        """A script that tries these; in each line of its output a way and what came of it: in, or out."""
        lines = [f"try \"{name}\" <<'WAY'\n{self._filled(WAYS[name])}\nWAY" for name in ways]
        return "\n".join([_PROLOGUE, *lines])

    def _filled(self, way: str) -> str:
        named = {
            "SECRET": self.secret,
            "NEIGHBOUR": self.neighbour,
            "DATA": self.data_dir,
            "CLI": self.cli,
            "CORE": self.core,
            "SOCKET": self.socket,
            "PORT": self.port,
        }
        for name, value in named.items():
            way = way.replace(f"@{name}@", str(value))
        return way


# Each way is a shell of its own: it is out if that says so, or if it succeeds in silence.
_PROLOGUE = 'try() { if timeout 5 sh -e >/dev/null 2>&1; then echo "$1: out"; else echo "$1: in"; fi; }'

WAYS = {
    "read the shadow passwords": "cat /etc/shadow",
    "read a file that everybody may read": "cat @SECRET@",
    "read another conversation's file": "cat @NEIGHBOUR@",
    "list the conversations": 'test "$(ls @DATA@/workspaces | wc -l)" -gt 1',
    "list the workers": 'test "$(ls @DATA@/workers | wc -l)" -gt 1',
    "read the journal": "cat @DATA@/journal.db",
    "read through another root": "cat /proc/1/root@SECRET@ || cat /proc/self/root@SECRET@",
    "follow a symlink": "ln -sf @SECRET@ link && cat link",
    "climb": "cat ../../../../../../../../../..@SECRET@",
    "link to another name": "ln @SECRET@ mine && cat mine",
    "read home directories": "ls /root/.ssh || ls /home/*",
    "write to the system's settings": "echo x > /etc/escaped",
    "write to the system's programs": "echo x > /usr/bin/escaped",
    "write to the root": "mkdir /escaped",
    "change the CLI": "chmod u+w @CLI@; echo x >> @CLI@",
    "become root by a set user id": 'cp "$(command -v sh)" s && chmod 4755 s && ./s -p -c \'test "$(id -u)" = 0\'',
    "become root by asking": "su root -c true || sudo -n true",
    "mount": "mkdir -p m && mount -t tmpfs none m",
    "make the system writable": "mount -o remount,rw /usr",
    "uncover what is hidden": "umount @DATA@ || umount -l @DATA@",
    "nest a namespace of users": "unshare -U true",
    "nest a namespace of users and mounts": "unshare -Urm true",
    "enter another process's namespaces": "nsenter -t 1 -m true || nsenter -t @CORE@ -m true",
    "change the root": "perl -e 'chroot(\"/proc/1/root\") and exit 0; exit 1'",
    "signal the core": "kill -0 @CORE@",
    "see the core": "test -d /proc/@CORE@",
    "trace the core": "perl -e 'exit(syscall(101, 16, @CORE@, 0, 0) == 0 ? 0 : 1)'",
    "read the core's memory": "cat /proc/@CORE@/maps || cat /proc/@CORE@/environ",
    "connect to a socket": "perl -MIO::Socket::UNIX -e 'exit(IO::Socket::UNIX->new(Peer => \"@SOCKET@\") ? 0 : 1)'",
    "connect to a nameless socket": (
        'perl -MSocket -e \'socket(S, PF_UNIX, SOCK_STREAM, 0); exit(connect(S, pack("S a*", AF_UNIX, '
        '"\\0@SOCKET@")) ? 0 : 1)\''
    ),
    "connect to the core": "perl -MIO::Socket::INET -e 'exit(IO::Socket::INET->new(\"127.0.0.1:@PORT@\") ? 0 : 1)'",
    "ask the cloud for credentials": "curl -s -m 3 http://169.254.169.254/ || curl -s -m 3 http://100.100.100.200/",
    "resolve a name": "getent hosts example.com",
    "reach the internet": "perl -MIO::Socket::INET -e 'exit(IO::Socket::INET->new(\"1.1.1.1:443\") ? 0 : 1)'",
    "find another worker's way to the provider": 'test "$(ls @DATA@/sockets | wc -l)" -gt 1',
    "ask the container engine": "test -S /var/run/docker.sock || test -S /run/docker.sock",
    "make a device": "mknod disk b 8 0 || mknod mem c 1 1",
    "read a device": "head -c1 /dev/vda || head -c1 /dev/sda || head -c1 /dev/mem || head -c1 /dev/kmsg",
    "set the kernel's core pattern": "echo '|/bin/x' > /proc/sys/kernel/core_pattern",
    "press a system request": "echo h > /proc/sysrq-trigger",
    "rename the machine": "hostname escaped || echo escaped > /proc/sys/kernel/hostname",
    "load a program into the kernel": "perl -e 'exit(syscall(321, 5, 0, 0) == -1 && $! == 1 ? 1 : 0)'",
    "use the kernel's keys": "perl -e 'exit(syscall(250, 0, -4, 1) == -1 && $! == 1 ? 1 : 0)'",
    "set up a ring of calls": "perl -e 'exit(syscall(425, 1, 0) == -1 && $! == 38 ? 1 : 0)'",
    "regain a capability": "grep -E '^Cap(Prm|Eff|Bnd|Amb):.*[1-9a-f]' /proc/self/status",
    "gain privileges by a program": "grep -q 'NoNewPrivs:.*0' /proc/self/status",
}


def outcomes(output: str) -> dict[str, str]:
    """What came of each way."""
    return dict(line.split(": ") for line in output.splitlines() if line.endswith((": in", ": out")))

"""Run as a program: opens a listening socket inside another process's network, and hands it over.

`python -I -S doorway.py PID PORT`, with one end of a pair of unix sockets as standard output. It is a process of its
own, for only one with a single thread can enter a namespace of users.
"""

import fcntl
import os
import socket
import sys

_NS_GET_USERNS = 0xB701
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_BACKLOG = 128


def enter(pid: int) -> None:
    """Enter the network of a process, and before it, where that is not ours, the namespace of users it belongs to."""
    import ctypes  # noqa: PLC0415 -- os.setns came with Python 3.12

    libc = ctypes.CDLL(None, use_errno=True)

    def setns(fd: int, kind: int) -> None:
        if libc.setns(fd, kind) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if os.path.samestat(os.stat(network), os.stat("/proc/self/ns/net")):
        raise OSError("the worker has no network of its own")
    users = fcntl.ioctl(network, _NS_GET_USERNS)
    if not os.path.samestat(os.stat(users), os.stat("/proc/self/ns/user")):
        setns(users, _CLONE_NEWUSER)
    setns(network, _CLONE_NEWNET)


def main() -> int:
    """Hand the socket over, and return the exit code."""
    pid, port = (int(word) for word in sys.argv[1:])
    try:
        enter(pid)
        listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        with socket.socket(fileno=os.dup(1)) as receiver:
            socket.send_fds(receiver, [b"."], [listener.fileno()])
    except OSError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

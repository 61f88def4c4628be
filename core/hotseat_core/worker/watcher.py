"""Runs a command and leaves nothing of it behind, wherever its children went.

`python -I -S watcher.py FD -- COMMAND...`, as containment.py starts it for each worker. It adopts what loses its parent
below it, and kills all that is below it when the command has ended, or when the pipe FD does: then the core is gone.
It exits as the command did, which in turn ends with it. It imports nothing of ours and no package.
"""

# The command waits for these: `os` for posix would cost it 4 ms, ctypes for its lower half 5, and signal is for later.
import _ctypes
import posix
import select
import sys

_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25
_SET_PDEATHSIG, _SET_DUMPABLE, _SET_CHILD_SUBREAPER = 1, 4, 36  # options of prctl(2)
_KILL_S = 2.0  # what can't be killed (another user's, or stuck in the kernel) must not keep us


def main() -> int:
    """Run the command to its end, or to the core's; return its exit code."""
    core, command = int(sys.argv[1]), sys.argv[3:]
    let_go_of_the_rest(core)
    libc("prctl", _SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    return like(watch(start(command), core))


def let_go_of_the_rest(core: int) -> None:
    """Close all but the standard streams and the pipe, and keep that from the command."""
    for fd in map(int, posix.listdir("/proc/self/fd")):
        if fd > 2 and fd != core:
            try:
                posix.close(fd)
            except OSError:  # the listing's own
                continue
    posix.set_inheritable(core, False)


def start(command: list[str]) -> int:
    """Start the command, to end with us; return its process id."""
    us = posix.getpid()
    pid = posix.fork()
    if pid:
        return pid
    libc("prctl", _SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    for ignored in (_SIGPIPE, _SIGXFSZ):  # by the interpreter, and it would be by what it starts
        libc("signal", ignored, 0)
    try:
        if posix.getppid() == us:  # otherwise it is too late for that signal
            posix.execve(command[0], command, given_environment())
    except OSError as exc:
        posix.write(2, f"{command[0]} could not be started: {exc}\n".encode())
    posix._exit(127)  # noqa: SLF001 -- it is public under its other name, os._exit


def given_environment() -> dict[bytes, bytes]:
    """The environment as we were given it: the interpreter may have put a locale of its own into it."""
    with open("/proc/self/environ", "rb") as given:
        return dict(pair.split(b"=", 1) for pair in given.read().split(b"\0") if b"=" in pair)


def watch(command: int, core: int) -> int:
    """Return the command's wait status once nothing is left of it; it is killed where the core ends first."""
    import signal  # noqa: PLC0415 -- the command boots meanwhile

    woken, wake = posix.pipe()
    posix.set_blocking(woken, False)
    posix.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: pass_on(command, signal.SIGTERM))
    signal.signal(signal.SIGALRM, out_of_time)
    be_no_reader()
    poller = select.poll()
    poller.register(core, select.POLLIN)  # nobody writes: it is ready when it has ended
    poller.register(woken, select.POLLIN)
    status = reap(command)
    while status is None:
        if any(fd == core for fd, _ in poller.poll()):
            break
        posix.read(woken, 512)
        status = reap(command)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # there is nobody to pass it on to
    signal.setitimer(signal.ITIMER_REAL, _KILL_S)
    try:
        last = kill_all(command)
    except TimeoutError:
        last = None
    signal.setitimer(signal.ITIMER_REAL, 0)
    return next(found for found in (status, last, _SIGKILL) if found is not None)


def be_no_reader() -> None:
    """Let go of the command's streams: their other ends must see its end, not ours."""
    null = posix.open("/dev/null", posix.O_RDWR)
    for fd in range(3):
        posix.dup2(null, fd)
    posix.close(null)


def reap(command: int) -> int | None:
    """Let go of all that has ended; return the command's status if it is among them."""
    status = None
    while True:
        try:
            pid, found = posix.waitpid(-1, posix.WNOHANG)
        except ChildProcessError:
            return status
        if not pid:
            return status
        if pid == command:
            status = found


def kill_all(command: int) -> int | None:
    """Kill until nobody is left; return the command's status if it was there.

    Whoever loses its parent meanwhile becomes our child: without children, nothing is below us.
    """
    status = None
    while True:
        for pid in below():
            pass_on(pid, _SIGKILL)
        try:
            pid, found = posix.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if pid == command:
            status = found
        # Looking for who is left costs milliseconds: not for each one anew.
        last = reap(command)
        status = status if last is None else last


def below() -> list[int]:
    """Every process below this one."""
    children: dict[int, list[int]] = {}
    for entry in posix.listdir("/proc"):
        if entry.isdigit() and (parent := parent_of(entry)):
            children.setdefault(parent, []).append(int(entry))
    found = [posix.getpid()]
    for pid in found:
        found += children.get(pid, ())
    return found[1:]


def parent_of(pid: str) -> int:
    """A process's parent; 0: it has none, or has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def pass_on(pid: int, number: int) -> None:
    """Send a signal to who may have ended, or be another user's."""
    try:
        posix.kill(pid, number)
    except OSError:
        return


def out_of_time(*_: object) -> None:
    """Break a wait off."""
    raise TimeoutError


def libc(name: str, *numbers: int) -> None:
    """Call a function of the C library, which says -1 where it failed."""
    program = _ctypes.dlopen(None, 0)  # type: ignore[arg-type] # the stub doesn't know that None is this program
    if _ctypes.call_cdeclfunction(_ctypes.dlsym(program, name), numbers) == -1:
        raise OSError(f"{name}{numbers} failed")


def like(status: int) -> int:
    """Return the command's exit code; end by the same signal where it was one."""
    code = posix.waitstatus_to_exitcode(status)
    if code < 0:
        libc("prctl", _SET_DUMPABLE, 0, 0, 0, 0)  # its core dump is enough
        if -code != _SIGKILL:
            libc("signal", -code, 0)
        posix.kill(posix.getpid(), -code)
    return code


if __name__ == "__main__":
    sys.exit(main())

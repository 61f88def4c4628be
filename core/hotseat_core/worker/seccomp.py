"""The system calls that nothing inside a sandbox may use, as the kernel takes it: a program of classic BPF. No I/O.

They are those that no tool of an agent needs and that exploits of the kernel begin with: namespaces and mounts, kernel
modules, keys, BPF, io_uring. The kernel keeps a table of what is always allowed: the filter costs other calls nothing.
"""

import struct

_NEW_USER_NAMESPACE = 0x10000000
_TERMINAL_INJECTIONS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_EPERM, _ENOSYS = 1, 38

_ALLOW = 0x7FFF0000
_FAIL = 0x00050000  # with an errno

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24

# By machine: the kernel's name for it, and its numbers of calls. Those from 424 on are the same on all.
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x40000000  # a second set of numbers, of x86_64 alone
_CALLS: dict[str, tuple[int, int]] = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pivot_root": (155, 41),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
}
# Programs fall back to older calls where these seem not to be there.
_UNKNOWN = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
_CLONE, _UNSHARE, _IOCTL = (56, 220), (272, 97), (16, 29)


def program(machine: str) -> bytes | None:
    """Return the filter for this machine (as uname tells it); None: none was written for it."""
    if machine not in _ARCHITECTURES:
        return None
    column = list(_ARCHITECTURES).index(machine)
    code = [
        _op(_LOAD, _ARCHITECTURE),
        *_unless(_EQUAL, _ARCHITECTURES[machine], _EPERM),
        _op(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        code += _when(_AT_LEAST, _X32, _ENOSYS)
    for numbers in _CALLS.values():
        code += _when(_EQUAL, numbers[column], _EPERM)
    for numbers in _UNKNOWN.values():
        code += _when(_EQUAL, numbers[column], _ENOSYS)
    for numbers in (_CLONE, _UNSHARE):
        code += _with(numbers[column], _FIRST_ARGUMENT, _when(_ANY_BIT, _NEW_USER_NAMESPACE, _EPERM))
    injections = [op for request in _TERMINAL_INJECTIONS for op in _when(_EQUAL, request, _EPERM)]
    code += _with(_IOCTL[column], _SECOND_ARGUMENT, injections)
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def _when(test: int, value: int, errno: int) -> list[bytes]:
    """The call fails where what is loaded passes the test."""
    return [_op(test, value, 0, 1), _op(_RETURN, _FAIL | errno)]


def _unless(test: int, value: int, errno: int) -> list[bytes]:
    return [_op(test, value, 1, 0), _op(_RETURN, _FAIL | errno)]


def _with(number: int, argument: int, tests: list[bytes]) -> list[bytes]:
    """Tests of an argument of this call, whose number is loaded; it is allowed where none of them fails it."""
    body = [_op(_LOAD, argument), *tests, _op(_RETURN, _ALLOW)]
    return [_op(_EQUAL, number, 0, len(body)), *body]


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)

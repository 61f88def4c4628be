"""The filter of system calls, run by a small machine of our own: what it lets through and what not."""

import struct

import pytest
from hotseat_core.worker import seccomp

ALLOWED = "allowed"
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
NEW_USER, NEW_PID = 0x10000000, 0x20000000


def decide(program: bytes, architecture: int, number: int, *arguments: int) -> str | int:
    """What the kernel would do with a call: let it through, or fail it with an errno."""
    seen = struct.pack("<IIQ6Q", number, architecture, 0, *arguments, *[0] * (6 - len(arguments)))
    code = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    at = loaded = 0
    while True:
        operation, if_true, if_false, value = code[at]
        at += 1
        match operation:
            case 0x20:
                (loaded,) = struct.unpack_from("<I", seen, value)
            case 0x06:
                return ALLOWED if value == 0x7FFF0000 else value & 0xFFFF
            case 0x15 | 0x35 | 0x45:
                holds = {0x15: loaded == value, 0x35: loaded >= value, 0x45: bool(loaded & value)}[operation]
                at += if_true if holds else if_false


@pytest.mark.parametrize(
    ("machine", "number", "arguments", "decision"),
    [
        ("x86_64", 0, (), ALLOWED),  # read
        ("x86_64", 59, (), ALLOWED),  # execve
        ("x86_64", 101, (), ALLOWED),  # ptrace: debuggers are tools, too
        ("x86_64", 165, (), 1),  # mount
        ("x86_64", 321, (), 1),  # bpf
        ("x86_64", 435, (), 38),  # clone3
        ("x86_64", 425, (), 38),  # io_uring_setup
        ("x86_64", 56, (0x1200011,), ALLOWED),  # clone, as fork does
        ("x86_64", 56, (NEW_USER | NEW_PID,), 1),
        ("x86_64", 272, (NEW_USER,), 1),  # unshare
        ("x86_64", 272, (0x400,), ALLOWED),
        ("x86_64", 16, (0, 0x5401), ALLOWED),  # ioctl: TCGETS
        ("x86_64", 16, (0, 0x5412), 1),  # TIOCSTI
        ("x86_64", 0x40000000 + 165, (), 38),  # mount by its other number
        ("aarch64", 63, (), ALLOWED),  # read
        ("aarch64", 40, (), 1),  # mount
        ("aarch64", 220, (NEW_USER,), 1),  # clone
        ("aarch64", 97, (NEW_USER,), 1),  # unshare
        ("aarch64", 435, (), 38),  # clone3
        ("aarch64", 165, (), ALLOWED),  # getrusage: mount on the other machine
    ],
)
def test_what_is_let_through(machine: str, number: int, arguments: tuple[int, ...], decision: str | int) -> None:
    program = seccomp.program(machine)
    assert program is not None
    assert decide(program, ARCHITECTURES[machine], number, *arguments) == decision


@pytest.mark.parametrize(("machine", "other"), [("x86_64", 0x40000003), ("aarch64", 0x40000028)])
def test_nothing_is_let_through_by_the_numbers_of_another_machine(machine: str, other: int) -> None:
    program = seccomp.program(machine)
    assert program is not None
    assert {decide(program, other, number) for number in range(450)} == {1}


def test_for_a_machine_that_it_does_not_know_there_is_none() -> None:
    assert seccomp.program("riscv64") is None

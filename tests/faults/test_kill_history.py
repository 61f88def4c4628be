"""The check after a run of kills finds what it is there to find."""

from typing import Any

import pytest

from tests.faults.kill_history import Attempt, Dialogue, Heard, Said, check, heard, spoken

FULL = "w0 w1"
ONE, TWO, THREE = "#0000000001", "#0000000002", "#0000000003"


def attempt(tag: str, answer: str | None, history: tuple[Said, ...] | None = None) -> Attempt:
    return Attempt(tag, f"say {tag}", f"{FULL} {tag}", history, answer)


def u(tag: str) -> Said:
    return "user", f"say {tag}"


def a(tag: str) -> Said:
    return "assistant", f"{FULL} {tag}"


def named(*answers: str | None) -> Dialogue:
    tags = (ONE, TWO, THREE)
    return Dialogue("c", [attempt(tag, answer) for tag, answer in zip(tags, answers, strict=False)])


def kinds(dialogue: Dialogue, requests: list[Heard], path: tuple[Said, ...]) -> list[str]:
    return [violation.kind for violation in check([dialogue], requests, {"c": [path]})]


ACKED = f"{FULL} {ONE}"


@pytest.mark.parametrize(
    ("second", "messages", "expected"),
    [
        (None, (u(ONE), a(ONE), u(THREE)), []),  # what nobody saw the end of may not have happened
        (None, (u(ONE), a(ONE), u(TWO), ("assistant", "w0"), u(THREE)), []),  # or in part
        (None, (u(ONE), a(ONE), u(TWO), a(TWO), u(THREE)), []),  # or have happened
        (None, (u(ONE), a(ONE), u(TWO), u(THREE)), []),
        (None, (u(TWO), u(THREE)), ["lost"]),
        (f"{FULL} {TWO}", (u(ONE), a(ONE), u(THREE)), ["lost"]),
        (f"{FULL} {TWO}", (u(ONE), a(ONE), u(TWO), ("assistant", "w0"), u(THREE)), ["wrong"]),
        (None, (u(ONE), a(ONE), u(TWO), ("assistant", "else"), u(THREE)), ["wrong"]),
        (None, (u(ONE), ("assistant", "else"), u(THREE)), ["wrong"]),
        (None, (u(ONE), a(ONE), u(ONE), a(ONE), u(THREE)), ["doubled", "wrong"]),
        (None, (u(ONE), a(ONE), u(TWO), u(TWO), u(THREE)), ["doubled", "wrong"]),
        (None, (u(TWO), a(TWO), u(ONE), a(ONE), u(THREE)), ["lost"]),
        (None, (("user", "a stranger's"), u(THREE)), ["lost"]),
        (None, (u(ONE), a(ONE), ("user", "other")), ["wrong"]),
    ],
)
def test_what_the_model_hears_is_all_that_was_acknowledged_and_nothing_twice(
    second: str | None, messages: tuple[Said, ...], expected: list[str]
) -> None:
    whole = (u(ONE), a(ONE), u(TWO), a(TWO)) if second else (u(ONE), a(ONE))
    assert kinds(named(ACKED, second, None), [Heard(THREE, messages)], whole) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((u(ONE), a(ONE)), []),
        ((u(ONE), a(ONE), u(TWO), ("assistant", "w0 w1")), []),
        ((), ["lost"]),
        ((u(TWO), a(TWO)), ["lost"]),
        ((u(ONE), a(ONE), u(TWO), u(TWO)), ["doubled", "wrong"]),
        ((u(ONE), a(ONE), ("user", "other")), ["wrong"]),
    ],
)
def test_the_journal_holds_all_that_was_acknowledged_and_nothing_twice(
    path: tuple[Said, ...], expected: list[str]
) -> None:
    assert kinds(named(ACKED, None), [], path) == expected


@pytest.mark.parametrize(
    ("messages", "paths", "expected"),
    [
        ((u(ONE), a(ONE), u(TWO)), [(u(ONE), a(ONE)), (u(ONE), a(ONE), u(TWO), a(TWO))], []),
        ((u(ONE), a(ONE), u(TWO)), [(u(ONE), a(ONE))], ["lost"]),
        ((u(TWO),), [(u(ONE), a(ONE)), (u(ONE), a(ONE), u(TWO), a(TWO))], ["wrong"]),
        ((u(ONE), a(ONE), u(THREE), u(TWO)), [(u(ONE), a(ONE)), (u(ONE), a(ONE), u(TWO), a(TWO))], ["wrong"]),
    ],
)
def test_a_client_without_an_id_has_exactly_its_own_history(
    messages: tuple[Said, ...], paths: list[tuple[Said, ...]], expected: list[str]
) -> None:
    first, second = attempt(ONE, ACKED, ()), attempt(TWO, f"{FULL} {TWO}", (u(ONE), a(ONE)))
    found = check([Dialogue("", [first, second])], [Heard(TWO, messages)], {"conv": paths})
    assert [violation.kind for violation in found] == expected


def test_a_request_that_nobody_made_is_wrong() -> None:
    assert kinds(named(), [Heard(THREE, (u(THREE),))], ()) == ["wrong"]


def test_a_turn_s_own_steps_are_no_history() -> None:
    use = {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "x"}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": f"say {ONE}"},
        {"role": "assistant", "content": [{"type": "text", "text": "let me see"}, use]},
        {"role": "user", "content": [result]},
        {"role": "assistant", "content": [{"type": "text", "text": f"w0\nw1  {ONE}"}]},
        {"role": "user", "content": f"say {TWO}"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    found = heard(messages)
    assert found == Heard(TWO, (u(ONE), ("assistant", f"let me see w0 w1 {ONE}"), u(TWO)))
    assert heard([{"role": "user", "content": "a title, please"}]) is None
    assert spoken([("user", "a"), ("user", "b")]) == (("user", "a"), ("user", "b"))

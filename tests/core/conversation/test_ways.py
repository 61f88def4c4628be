"""Which way to a history is the cheapest: tables."""

from dataclasses import replace

import pytest
from hotseat_core.conversation.tally import ResumePath
from hotseat_core.conversation.ways import begins_with, is_better_new, path_of, worth_going_back
from hotseat_core.pool.prospect import Prospect
from hotseat_core.pool.view import Source
from hotseat_core.worker.rows import Row
from hotseat_core.worker.session import Alignment


def rows(text: str) -> tuple[Row, ...]:
    """Rows by their words: "u1 a1" is a prompt and its answer, "r1" the result of a tool."""
    return tuple(_row(word) for word in text.split())


def _row(word: str) -> Row:
    if word.startswith("r"):
        return Row("user", ({"type": "tool_result", "tool_use_id": "t", "content": word},))
    return Row("user" if word.startswith("u") else "assistant", ({"type": "text", "text": word},))


@pytest.mark.parametrize(
    ("held", "wanted", "worth"),
    [
        pytest.param("u1 a1 u2 a2 u3 a3", "u1 a1 u2 a2", 2, id="the last answer again"),
        pytest.param("u1 a1 u2 a2", "u1 a1", 1, id="the second answer again"),
        pytest.param("u1 a1", "", 0, id="the first answer again: nothing is shared"),
        pytest.param(
            "u1 a1 u2 a2 u3 a3", "u1 a1 u2 a2 u3 x3", 2, id="an edited answer: its prompt has to be said again"
        ),
        pytest.param("u1 a1 u2 a2 u3 a3 u4 a4", "u1 a1", 0, id="an early message edited: more undone than kept"),
        pytest.param("u1 a1 u2 a2 u3 a3 u4 a4", "u1 a1 u2 a2", 2, id="as much undone as kept"),
        pytest.param("u1 a1 u2 a2", "u1 a1 u2 a2 u3 a3", 2, id="further on: nothing is undone"),
        pytest.param("u1 a1 u2 a2", "u1 a1 u2 a2", 2, id="just there"),
        pytest.param("u1 a1", "x1 a1", 0, id="nothing in common"),
        pytest.param("a0 u1 a1", "b0 u1 a1", 0, id="parted before the first prompt"),
        pytest.param("u1 t1 r1 a1 u2 a2", "u1 t1 r1 a1", 2, id="a tool's result counts as what takes time"),
        pytest.param("u1 t1 r1 a1", "u1 t1 r9 a1", 0, id="parted at a tool's result: back to the prompt before it"),
        pytest.param("", "u1 a1", 0, id="an empty session"),
    ],
)
def test_going_back_is_worth_what_need_not_be_seeded_again(held: str, wanted: str, worth: int) -> None:
    assert worth_going_back(rows(held), rows(wanted)) == worth


@pytest.mark.parametrize(("further", "worth"), [(40, 2), (50, 0)])
def test_going_back_is_not_worth_it_where_a_new_process_would_be_there_sooner(further: int, worth: int) -> None:
    wanted = (*rows("x1 a1 u1 b1 u2 b2"), *talk(further))
    assert worth_going_back(rows("x1 a1 u1 b1 u2 b2 u3 b3"), wanted) == worth


SPARE = Prospect(has_spare=True, has_start=True, has_room=True)


@pytest.mark.parametrize(
    ("prospect", "turns"),
    [
        pytest.param(SPARE, 34, id="a spare is told thirty-three messages in the time of a start"),
        pytest.param(replace(SPARE, has_room=False), 44, id="longer, where a process would have to end first"),
        pytest.param(Prospect(has_spare=False, has_start=True, has_room=True), 19, id="a spare is about to be ready"),
        pytest.param(Prospect(has_spare=False, has_start=False, has_room=True), 4, id="a process has to start anyway"),
        pytest.param(Prospect(has_spare=False, has_start=False, has_room=False), 4, id="and another one to end"),
    ],
)
def test_a_new_process_begins_with_a_history_that_would_take_longer_to_tell(prospect: Prospect, turns: int) -> None:
    assert begins_with(talk(turns - 1), prospect) is None
    opening = begins_with(talk(turns), prospect)
    assert opening is not None
    assert opening.rows == talk(turns)


def test_what_can_not_be_begun_with_does_not_count() -> None:
    unfit = (*rows("u1 a1"), *rows("u2 u3 u4 u5 u6 u7 u8 u9"))
    assert begins_with(unfit, Prospect(has_spare=False, has_start=False, has_room=True)) is None


@pytest.mark.parametrize(
    ("held", "better"),
    [
        pytest.param(0, True, id="the hot worker would have to be told all of it"),
        pytest.param(30, True, id="much of it"),
        pytest.param(60, False, id="little of it"),
        pytest.param(100, False, id="nothing"),
    ],
)
def test_a_hot_worker_that_is_too_far_off_is_given_up(held: int, better: bool) -> None:
    wanted = talk(100)
    assert is_better_new(wanted, wanted[2 * held :]) is better


def test_a_hot_worker_that_is_far_off_is_kept_where_a_new_one_could_not_begin_further_on() -> None:
    wanted = rows(" ".join(f"u{number}" for number in range(200)))
    assert not is_better_new(wanted, wanted)


def talk(turns: int) -> tuple[Row, ...]:
    return rows(" ".join(f"u{number} a{number}" for number in range(turns)))


@pytest.mark.parametrize(
    ("source", "rewind_to", "seed", "has_opening", "path"),
    [
        pytest.param(Source.HOT, "", "", False, ResumePath.HOT, id="it holds just that"),
        pytest.param(Source.HOT, "", "u2 a2", False, ResumePath.SEED, id="it lacks the end"),
        pytest.param(Source.HOT, "uuid", "", False, ResumePath.REWIND, id="it holds more"),
        pytest.param(Source.HOT, "uuid", "u2", True, ResumePath.REWIND, id="it holds another end"),
        pytest.param(Source.HOT, "", "", True, ResumePath.HOT, id="what a process began with counts once"),
        pytest.param(Source.WARM, "", "u1 a1", False, ResumePath.SEED, id="a spare is told all"),
        pytest.param(Source.COLD, "", "", True, ResumePath.TRANSCRIPT, id="a new one reads a file"),
        pytest.param(Source.COLD, "", "r1", True, ResumePath.TRANSCRIPT, id="and is told the rest"),
    ],
)
def test_how_a_process_comes_to_hold_a_history(
    source: Source, rewind_to: str, seed: str, has_opening: bool, path: ResumePath
) -> None:
    way = Alignment(rewind_to, "", rows(seed))
    assert path_of(rows("u1 a1"), way, source, has_opening=has_opening) is path
    assert path_of((), Alignment("", "", ()), source, has_opening=False) is None, "nothing to go on with"

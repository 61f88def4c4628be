"""How to get a session to hold something: by tables, and against a CLI that does what it is told."""

import itertools
import random

import pytest
from hotseat_core.worker.rows import Row
from hotseat_core.worker.session import Alignment, CannotAlignError, Session


def u(text: str) -> Row:
    return Row("user", ({"type": "text", "text": text},))


def a(text: str) -> Row:
    return Row("assistant", ({"type": "text", "text": text},))


def used(tool_id: str) -> Row:
    return Row("assistant", ({"type": "tool_use", "id": tool_id, "name": "Bash", "input": {}},))


def result(tool_id: str) -> Row:
    return Row("user", ({"type": "tool_result", "tool_use_id": tool_id, "content": tool_id},))


def held(*rows: Row) -> Session:
    """A session that was seeded with these rows; the uuid of each is its index."""
    session = Session()
    for index, row in enumerate(rows):
        session.add(row, str(index))
    return session


BACK_TO_Q1 = Alignment("0", "2", (u("q1"), used("t"), result("t")))
Q1, A1, Q2, A2 = u("q1"), a("a1"), u("q2"), a("a2")


@pytest.mark.parametrize(
    ("have", "want", "way"),
    [
        ([], [], Alignment("", "", ())),
        ([], [Q1, A1], Alignment("", "", (Q1, A1))),
        ([Q1, A1], [Q1, A1], Alignment("", "0", ())),
        ([Q1, A1], [Q1, A1, Q2, A2], Alignment("", "0", (Q2, A2))),
        ([Q1, A1, Q2, A2], [Q1, A1], Alignment("2", "2", ())),
        ([Q1, A1, Q2, A2], [], Alignment("0", "2", ())),
        ([Q1, A1, Q2, A2], [Q1, A1, Q2], Alignment("2", "2", (Q2,))),
        ([Q1, A1, Q2, A2], [Q1, A1, Q2, a("other")], Alignment("2", "2", (Q2, a("other")))),
        ([Q1, A1, Q2, A2], [Q1, a("other")], Alignment("0", "2", (Q1, a("other")))),
        ([Q1, A1, Q2, A2], [u("other")], Alignment("0", "2", (u("other"),))),
        # The results of tools are no prompts: nothing can go back to just before them.
        (
            [Q1, used("t"), result("t"), A1],
            [Q1, used("t"), result("t")],
            BACK_TO_Q1,
        ),
        ([Q1, Q2, A1], [Q1, A1], Alignment("1", "1", (A1,))),
        ([a("hi"), Q1], [a("hi")], Alignment("1", "1", ())),
    ],
)
def test_the_shortest_way_that_prompts_allow(have: list[Row], want: list[Row], way: Alignment) -> None:
    assert held(*have).plan(want) == way


@pytest.mark.parametrize("want", [[], [Q1], [a("other"), Q1]])
def test_a_session_that_does_not_begin_with_a_prompt_can_not_lose_its_beginning(want: list[Row]) -> None:
    with pytest.raises(CannotAlignError):
        held(a("hi"), Q1).plan(want)


def test_a_turn_that_runs_or_was_cut_must_go_even_where_its_rows_are_wanted() -> None:
    session = held(Q1, A1)
    session.begin_turn(Q2, "p")
    assert not session.is_sure
    assert session.plan([Q1, A1, Q2]) == Alignment("p", "p", (Q2,))
    assert session.plan([Q1, A1]) == Alignment("p", "p", ())
    session.rewound("p")
    assert session.is_sure
    assert session.rows == [Q1, A1]


def test_a_turn_that_ended_well_stays() -> None:
    session = held(Q1, A1)
    session.begin_turn(Q2, "p")
    session.end_turn([A2])
    assert session.is_sure
    assert session.plan([Q1, A1, Q2, A2]) == Alignment("", "p", ())


class ObedientCli:
    """Holds rows, takes seeds, and goes back to prompts that it knows, as the CLI does."""

    def __init__(self) -> None:
        self.rows: list[tuple[Row, str]] = []

    def rewind(self, target: str, last_seen: str) -> None:
        prompts = {uuid for row, uuid in self.rows if row.is_prompt}
        users = [uuid for row, uuid in self.rows if row.role == "user" and uuid]
        assert target in prompts, "a rewind can only go to a prompt"
        assert users[-1] == last_seen, "the CLI refuses a rewind by somebody who has not seen its last message"
        index = next(index for index, (_, uuid) in enumerate(self.rows) if uuid == target)
        del self.rows[index:]


class Storm:
    """Random conversations: turns that end well or are cut, histories that are edited anywhere."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.numbers = itertools.count()
        self.session = Session()
        self.cli = ObedientCli()

    def uuid(self) -> str:
        return f"uuid-{next(self.numbers)}"

    def one_of(self, letter: str) -> str:
        return f"{letter}{self.chance.randint(0, 2)}"

    def history(self) -> list[Row]:
        """One that begins with a prompt, as all but strange ones do."""
        rows = [u(self.one_of("q"))]
        while self.chance.random() < 0.8:
            tool = self.one_of("t")
            rows += self.chance.choice(([a(self.one_of("a"))], [used(tool), result(tool)], [u("q"), a("a")]))
        return rows

    def start_of(self, rows: list[Row]) -> list[Row]:
        return rows[: self.chance.randint(0, len(rows))]

    def wish(self, before: list[Row]) -> list[Row]:
        """What shall be held next: often a variation of what was."""
        match self.chance.randint(0, 3):
            case 0:
                return self.history()
            case 1:
                return self.start_of(before)
            case 2:
                return [*self.start_of(before), *self.history()]
        return list(self.session.rows) if self.session.is_sure else before

    def align(self, want: list[Row]) -> None:
        way = self.session.plan(want)
        if way.rewind_to:
            self.cli.rewind(way.rewind_to, way.last_seen)
            self.session.rewound(way.rewind_to)
        for row in way.seed:
            name = self.uuid()
            self.cli.rows.append((row, name))
            self.session.add(row, name)

    def turn(self) -> None:
        prompt, name = u(self.one_of("q")), self.uuid()
        self.session.begin_turn(prompt, name)
        self.cli.rows.append((prompt, name))
        # The CLI makes the uuids of its own rows: nobody else knows them.
        answer = [used("t9"), result("t9"), a("done")][self.chance.randint(0, 2) :]
        if self.chance.random() < 0.5:
            self.session.end_turn(answer)
        else:
            answer = self.start_of(answer)
        self.cli.rows += [(row, "") for row in answer]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_wanted_the_plan_leads_there(seed: int) -> None:
    storm = Storm(seed)
    want: list[Row] = []
    for _ in range(60):
        want = storm.wish(want)
        storm.align(want)
        assert [row for row, _ in storm.cli.rows] == storm.session.rows == want
        assert storm.session.is_sure
        assert storm.session.plan(want).seed == ()
        assert not storm.session.plan(want).rewind_to
        if storm.chance.random() < 0.5:
            storm.turn()

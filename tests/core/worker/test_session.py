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
            Alignment("0", "2", (Q1, used("t"), result("t"))),
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


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_wanted_the_plan_leads_there(seed: int) -> None:
    """Random conversations: turns that end well or are cut, histories that are edited anywhere."""
    chance = random.Random(seed)
    numbers = itertools.count()
    session, cli = Session(), ObedientCli()

    def uuid() -> str:
        return f"uuid-{next(numbers)}"

    def history() -> list[Row]:
        """One that begins with a prompt, as all but strange ones do."""
        rows = [u(f"q{chance.randint(0, 2)}")]
        while chance.random() < 0.8:
            tool = f"t{chance.randint(0, 2)}"
            rows += chance.choice(([a(f"a{chance.randint(0, 2)}")], [used(tool), result(tool)], [u("q"), a("a")]))
        return rows

    def align(want: list[Row]) -> None:
        way = session.plan(want)
        if way.rewind_to:
            cli.rewind(way.rewind_to, way.last_seen)
            session.rewound(way.rewind_to)
        for row in way.seed:
            name = uuid()
            cli.rows.append((row, name))
            session.add(row, name)
        assert [row for row, _ in cli.rows] == session.rows == want
        assert session.is_sure
        assert session.plan(want).seed == ()
        assert not session.plan(want).rewind_to

    def turn() -> None:
        prompt, name = u(f"q{chance.randint(0, 2)}"), uuid()
        session.begin_turn(prompt, name)
        cli.rows.append((prompt, name))
        # The CLI makes the uuids of its own rows: nobody else knows them.
        answer = [used("t9"), result("t9"), a("done")][chance.randint(0, 2) :]
        if chance.random() < 0.5:
            session.end_turn(answer)
            cli.rows += [(row, "") for row in answer]
        else:
            cli.rows += [(row, "") for row in answer[: chance.randint(0, len(answer))]]

    want: list[Row] = []
    for _ in range(60):
        match chance.randint(0, 3):
            case 0:
                want = history()
            case 1:
                want = want[: chance.randint(0, len(want))]
            case 2:
                want = [*want[: chance.randint(0, len(want))], *history()]
            case _:
                want = list(session.rows) if session.is_sure else want
        align(want)
        if chance.random() < 0.5:
            turn()

"""Histories as session files: what may stand in one, and a worker that begins with it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hotseat_core.errors import WorkerStartError
from hotseat_core.worker.opening import Opening, opening_of
from hotseat_core.worker.rows import Row
from hotseat_core.worker.session import CannotAlignError
from hotseat_core.worker.setup import SessionSetup

from tests.core.worker.conftest import OpenWorker
from tests.core.worker.turns import model, recall, user

TALK = (user("q1"), model("a1"), user("q2"), model("a2"))
IMAGE: dict[str, Any] = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR"}}
REMOTE: dict[str, Any] = {"type": "image", "source": {"type": "url", "url": "https://example.com/x.png"}}


def uses(*tool_ids: str) -> Row:
    return Row("assistant", tuple({"type": "tool_use", "id": name, "name": "Bash", "input": {}} for name in tool_ids))


def results(*tool_ids: str, content: Any = "done") -> Row:
    blocks = ({"type": "tool_result", "tool_use_id": name, "content": content} for name in tool_ids)
    return Row("user", tuple(blocks))


def begun(*rows: Row) -> Opening:
    """These rows as an opening, all of them."""
    opening = opening_of(rows)
    assert opening is not None
    assert opening.rows == rows
    return opening


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        pytest.param(TALK, 4, id="all of it"),
        pytest.param((*TALK, user("q3")), 4, id="it ends with an answer"),
        pytest.param((*TALK, user("q3"), model(" \n")), 4, id="an answer that says nothing is none"),
        pytest.param((*TALK, user("q3"), Row("assistant", ())), 4, id="nor is one without content"),
        pytest.param((*TALK, uses("t"), results("t"), model("a3")), 7, id="tools and their results"),
        pytest.param((*TALK, uses("t", "u"), results("u", "t"), model("a3")), 7, id="in any order"),
        pytest.param((*TALK, uses("t"), results("t")), 4, id="it does not end with a result"),
        pytest.param((*TALK, uses("t"), user("q3"), model("a3")), 4, id="a tool use without a result"),
        pytest.param((*TALK, uses("t", "u"), results("t"), model("a3")), 4, id="one of two without"),
        pytest.param((*TALK, Row("user", (IMAGE,)), model("a3")), 4, id="an image that is made smaller in frames"),
        pytest.param((*TALK, Row("user", (REMOTE,)), model("a3")), 6, id="an image that is not"),
        pytest.param((*TALK, uses("t"), results("t", content=[IMAGE]), model("a3")), 7, id="nor a tool's"),
        pytest.param((user("q1"), user("q2"), model("a2")), 3, id="two prompts in a row"),
        pytest.param((model("a0"), *TALK), 5, id="it may begin with an answer"),
        pytest.param((*TALK[:2], Row("user", (IMAGE,)), *TALK), 0, id="less than two prompts"),
        pytest.param(TALK[:2], 0, id="one prompt"),
        pytest.param((), 0, id="nothing"),
    ],
)
def test_an_opening_holds_what_the_cli_takes_from_a_file_as_from_frames(rows: tuple[Row, ...], count: int) -> None:
    opening = opening_of(rows)
    assert (opening.rows if opening is not None else ()) == rows[:count]


def test_openings_are_equal_where_their_rows_are() -> None:
    assert begun(*TALK) == begun(*TALK)
    assert hash(begun(*TALK)) == hash(begun(*TALK))
    assert begun(*TALK) != begun(*TALK[:3], model("other"))
    assert begun(*TALK).uuids != begun(*TALK[:3], model("other")).uuids
    assert "q1" not in repr(begun(*TALK))


def test_each_row_of_the_file_follows_the_one_before() -> None:
    opening = begun(*TALK)
    lines = [json.loads(line) for line in opening.lines(datetime(2026, 1, 2, 3, 4, 5, 6000, tzinfo=UTC))]
    assert [line["uuid"] for line in lines] == list(opening.uuids)
    assert [line["parentUuid"] for line in lines] == [None, *opening.uuids[:-1]]
    assert {line["sessionId"] for line in lines} == {opening.session_id}
    assert [line["message"]["content"] for line in lines] == [list(row.content) for row in TALK]
    assert [line["timestamp"][-7:] for line in lines] == ["05.002Z", "05.003Z", "05.004Z", "05.005Z"]


async def test_a_worker_begins_with_its_opening_and_is_told_only_the_rest(open_worker: OpenWorker) -> None:
    async with open_worker(opening=begun(*TALK)) as worker:
        worker.bind(SessionSetup())
        rest = (user("q3"), model("a3"))
        assert worker.way((*TALK, *rest)).seed == rest
        assert await recall(worker, (*TALK, *rest)) == "u:q1 | a:a1 | u:q2 | a:a2 | u:q3 | a:a3"


async def test_a_worker_goes_back_into_its_opening(open_worker: OpenWorker) -> None:
    async with open_worker(opening=begun(*TALK)) as worker:
        worker.bind(SessionSetup())
        assert await recall(worker, (*TALK[:2], user("other"))) == "u:q1 | a:a1 | u:other"
        assert await recall(worker, ()) == "nothing"


async def test_a_worker_that_did_not_take_its_opening_up_is_of_no_use(open_worker: OpenWorker) -> None:
    async with open_worker("forgetful", opening=begun(*TALK)) as worker:
        worker.bind(SessionSetup())
        with pytest.raises(CannotAlignError, match="did not take up the history"):
            await worker.align(TALK)


async def test_a_worker_that_can_not_begin_with_its_opening_does_not_start(open_worker: OpenWorker) -> None:
    with pytest.raises(WorkerStartError, match="did not start"):
        async with open_worker("no-resume", opening=begun(*TALK)):
            pass

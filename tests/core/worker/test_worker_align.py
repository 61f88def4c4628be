"""Bringing a worker's session to hold just what is wanted."""

from pathlib import Path

import pytest
from hotseat_core.errors import WorkerLost
from hotseat_core.events import Outcome, PermissionRequested, TextDelta
from hotseat_core.worker import aligning
from hotseat_core.worker.rows import Row
from hotseat_core.worker.session import CannotAlignError
from hotseat_core.worker.setup import SessionSetup
from hotseat_core.worker.translate import Ending

from tests.core.worker.conftest import OpenWorker
from tests.core.worker.turns import INTERRUPTED, Turn, model, recall, user


async def test_a_history_is_seeded_in_its_order(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        rows = [user("a"), model("b"), user("c"), user("d"), model("e"), model("f")]
        assert await recall(worker, rows) == "u:a | a:b | u:c | u:d | a:e | a:f"


async def test_after_a_clean_turn_nothing_needs_to_be_done(open_worker: OpenWorker, tmp_path: Path) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hello")
        report = await turn.report()
        frames = (tmp_path / "journal").read_bytes().count(b"\n")
        await worker.align([turn.prompt, *report.rows])
        assert await recall(worker, [turn.prompt, *report.rows]) == "u:hello | a:you said hello"
        assert (tmp_path / "journal").read_bytes().count(b"\n") == frames + 1


async def test_an_edited_history_is_rewound_to_where_it_differs(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        first = [user("a"), model("b"), user("c"), model("d")]
        await worker.align(first)
        assert await recall(worker, [*first[:2], user("other"), model("d")]) == "u:a | a:b | u:other | a:d"
        assert await recall(worker, first[:2]) == "u:a | a:b"
        assert await recall(worker, [user("a"), model("edited"), user("z")]) == "u:a | a:edited | u:z"
        assert await recall(worker, []) == "nothing"


@pytest.mark.parametrize("fault", ["", "late-result"])
async def test_a_turn_that_was_cut_is_taken_back(open_worker: OpenWorker, fault: str) -> None:
    async with open_worker(*filter(None, [fault])) as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang well begun")
        await turn.first(TextDelta)
        worker.cut(INTERRUPTED)
        report = await turn.report()
        assert report.ending == INTERRUPTED
        assert report.rows == (model("well begun"),)
        kept = [turn.prompt, *report.rows]
        assert await recall(worker, kept) == "u:hang well begun | a:well begun"


async def test_what_comes_after_a_cut_is_not_told(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, "hang")
        await turn.first(TextDelta)
        worker.cut(INTERRUPTED)
        worker.cut(Ending(Outcome.FAILED))
        report = await turn.report()
        told = list(turn.events)
        await worker.align([])
        assert turn.events == told
        assert report.ending == INTERRUPTED


@pytest.mark.parametrize(
    ("order", "outcome"), [("cut max_tokens", Outcome.TRUNCATED), ("cut refusal", Outcome.REFUSED)]
)
async def test_where_the_cli_would_go_on_by_itself_the_turn_is_cut(
    open_worker: OpenWorker, order: str, outcome: Outcome
) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        turn = Turn(worker, order)
        report = await turn.report()
        assert report.ending == Ending(outcome)
        assert report.rows == (model("cut short"),)
        assert await recall(worker, [turn.prompt, *report.rows]) == f"u:{order} | a:cut short"


async def test_a_cli_that_will_not_go_back_is_of_no_use(open_worker: OpenWorker) -> None:
    async with open_worker("no-rewind") as worker:
        worker.bind(SessionSetup())
        await worker.align([user("a")])
        with pytest.raises(WorkerLost, match="target_not_found"):
            await worker.align([])


async def test_a_cli_that_dies_of_its_history_is_lost(open_worker: OpenWorker) -> None:
    async with open_worker("no-seed") as worker:
        worker.bind(SessionSetup())
        with pytest.raises(WorkerLost, match="exit code 1"):
            await worker.align([user("a")])


async def test_a_cli_that_does_not_take_its_history_in_time_is_given_up(
    open_worker: OpenWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aligning, "_ALIGN_TIMEOUT_S", -0.9)
    async with open_worker("mute-seed") as worker:
        worker.bind(SessionSetup())
        with pytest.raises(TimeoutError):
            await worker.align([user("a")])


async def test_a_session_that_does_not_begin_with_a_prompt_can_not_go_back(open_worker: OpenWorker) -> None:
    async with open_worker() as worker:
        worker.bind(SessionSetup())
        await worker.align([model("hello"), user("hi")])
        with pytest.raises(CannotAlignError):
            await worker.align([user("hi")])


async def test_a_second_worker_goes_on_where_the_first_one_was(open_worker: OpenWorker) -> None:
    rows: list[Row] = []
    async with open_worker() as first:
        first.bind(SessionSetup())
        for text in ("one", "tool ls", "think deep"):
            turn = Turn(first, text)
            if text.startswith("tool"):
                request = await turn.first(PermissionRequested)
                assert isinstance(request, PermissionRequested)
                first.allow(request.permission_id, request.input_json)
            rows += [turn.prompt, *(await turn.report()).rows]
        held = await recall(first, rows)
    async with open_worker() as second:
        second.bind(SessionSetup())
        assert await recall(second, rows) == held
        assert held.startswith("u:one | a:you said one | u:tool ls | a:Bash | u:ran ls | a:it ran ls | u:think deep")

"""What models have used, as the edge adds it up."""

from hotseat import pb
from hotseat_edge.spent import SpentByModel

from tests.edge.conftest import HELLO, Edge, post

USAGE = pb.Usage(input_tokens=10, output_tokens=5, cache_read_tokens=3, cache_write_tokens=2, cost_usd=0.5)


def test_turns_tokens_and_money_add_up_by_model() -> None:
    spent = SpentByModel()
    for model in ("small", "large", "large"):
        spent.note(model, USAGE)
    assert spent.told() == [
        {"model": "large", "turn_count": 2, "input_tokens": 30, "output_tokens": 10, "cost_usd": 1.0},
        {"model": "small", "turn_count": 1, "input_tokens": 15, "output_tokens": 5, "cost_usd": 0.5},
    ]


def test_there_are_only_so_many_names() -> None:
    spent = SpentByModel()
    for number in range(150):
        spent.note(f"m{number}", USAGE)
    told = {found["model"]: found["turn_count"] for found in spent.told()}
    assert (len(told), told["others"]) == (101, 50)


async def test_operators_see_what_was_used_through_this_edge(edge: Edge) -> None:
    assert (await edge.http.get("/admin/pool")).json()["models"] == []
    await post(edge, HELLO)
    await post(edge, HELLO | {"stream": True})
    (found,) = (await edge.http.get("/admin/pool")).json()["models"]
    assert (found["model"], found["turn_count"], found["input_tokens"]) == ("demo-model", 2, 30)

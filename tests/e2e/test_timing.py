"""Response headers say whether the conversation's process was hot, and what the time went into."""

import pytest

from tests.e2e.house import House, new_id, tag, user

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_second_turn_is_hot_and_its_model_s_time_is_told(house: House) -> None:
    conversation = new_id()
    told = []
    for text in (f"[[say one]] {tag()}", f"[[ttft 200]] [[say two]] {tag()}"):
        response = await house.http.post(
            "/v1/chat/completions", json={"model": f"claude:{conversation}", "messages": [user(text)]}
        )
        assert response.status_code == 200
        told.append(response.headers)
    assert told[0]["x-hotseat-worker"] in {"warm", "cold"}
    assert told[1]["x-hotseat-worker"] == "hot"
    spent = dict(part.split(";dur=") for part in told[1]["server-timing"].split(", "))
    assert float(spent["upstream"]) >= 200
    assert sum(map(float, spent.values())) <= float(told[1]["openai-processing-ms"]) + 1

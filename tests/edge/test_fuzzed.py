"""Nearly right requests, sent to an edge."""

import json
from random import Random

import pytest

from tests.edge.conftest import Edge
from tests.fuzz import mutate, seeds


async def test_no_request_is_a_fault_of_the_edges(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    random = Random(7)
    for number in range(300):
        path, bodies = random.choice((("/v1/chat/completions", seeds.CHATS), ("/v1/responses", seeds.RESPONSES)))
        body = mutate.body(random, random.choice(bodies) | {"stream": False})
        response = await edge.http.post(path, content=body, headers={"Content-Type": "application/json"})
        assert response.status_code in (200, 400, 404, 409), (number, body, response.text)
        json.loads(response.content)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []

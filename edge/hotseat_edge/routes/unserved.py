"""What OpenAI's API has and this server has not, said so that a client's log tells it."""

from aiohttp import web

from hotseat_edge.openai.errors import SERVER_ERROR, ApiError

_WHY = {
    "/v1/responses/input_tokens": (
        "Input tokens are not counted ahead: the model's provider counts them, and a response's usage tells."
    ),
    "/v1/responses/compact": (
        "Conversations are not compacted by request: go on with previous_response_id or conversation, and only what is "
        "new need be sent."
    ),
}
PATHS = tuple(_WHY)


async def refuse(http: web.Request) -> web.StreamResponse:
    """501, which stock SDKs would repeat unless they are told not to."""
    headers = {"x-should-retry": "false"}
    raise ApiError(_WHY[http.path], status=501, kind=SERVER_ERROR, code="not_implemented", headers=headers)

"""The core, as the edge sees it: turns, profiles, and errors that HTTP can carry."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager

from hotseat import Client, HotseatError, pb

from hotseat_edge.openai.errors import SERVER_ERROR, ApiError, Failure, from_failure
from hotseat_edge.openai.names import model_not_found
from hotseat_edge.openai.request import Asked

CONNECT_TIMEOUT_S = 0.8
PROBE_TIMEOUT_S = 0.9
_PROFILES_KEPT_S = 30.0


def problem(error: HotseatError, *, started: bool = False, side_effects: bool = False) -> ApiError:
    """The same failure, as an API error."""
    failure = Failure(error.reason or error.code.name, error.message, error.metadata, error.retry_delay)
    return from_failure(failure, started=started, side_effects=side_effects)


@contextmanager
def as_problems() -> Iterator[None]:
    """Turn the core's failures inside the block into API errors."""
    try:
        yield
    except HotseatError as error:
        raise problem(error) from error


class Core:
    """One channel to the core, shared by all requests; the caller closes the client."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._profiles: dict[str, pb.Profile] = {}
        self._profiles_until = 0.0

    async def profiles(self) -> list[pb.Profile]:
        """The profiles on offer, the default one first."""
        with as_problems():
            found = await self.client.list_profiles()
        self._profiles = {profile.name: profile for profile in found}
        self._profiles_until = asyncio.get_running_loop().time() + _PROFILES_KEPT_S
        return found

    async def profile(self, name: str, asked_for: str) -> pb.Profile:
        """The profile of this name; else the model that was asked for is not found."""
        fresh = asyncio.get_running_loop().time() < self._profiles_until
        if not fresh or name not in self._profiles:
            await self.profiles()
        if name not in self._profiles:
            raise model_not_found(asked_for)
        return self._profiles[name]

    async def run(
        self, asked: Asked, profile: pb.Profile, on_open: Callable[[str], None]
    ) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Yield one turn's events, a completion that is no failure last; close it to interrupt the turn.

        on_open hears the conversation's id, which the core makes where the request names none.
        Every failure, the turn's own included, is raised as an ApiError.
        """
        started = False
        try:
            async with (
                self.client.converse(asked.opening, first=asked.input) as talk,
                aclosing(talk.turn(asked.input.request_id)) as events,
            ):
                on_open(talk.ready.conversation.conversation_id)
                async for event in events:
                    started = started or event.HasField("turn_started")
                    if event.turn_completed.outcome == pb.TurnCompleted.OUTCOME_FAILED:
                        raise HotseatError.from_error(event.turn_completed.error)
                    if event.turn_completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED:
                        raise _interrupted()
                    yield event
        except HotseatError as error:
            raise problem(error, started=started, side_effects=profile.has_workspace) from error


def _interrupted() -> ApiError:
    """An HTTP client stops its turn by hanging up: somebody else has stopped this one, and half an answer is none."""
    message = "The turn was stopped before its end, by an operator or by another client; ask again."
    headers = {"x-should-retry": "false"}  # whoever stopped it may not want it again
    return ApiError(message, status=503, kind=SERVER_ERROR, code="turn_interrupted", headers=headers)

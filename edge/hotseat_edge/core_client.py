"""The core, as the edge sees it: turns, profiles, and errors that HTTP can carry."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager

import grpc
from hotseat import Client, HotseatError, pb

from hotseat_edge import limits
from hotseat_edge.absence import Absence
from hotseat_edge.openai.errors import SERVER_ERROR, ApiError, Failure, from_failure
from hotseat_edge.openai.idempotency import KEY_HEADER, REPLAYED_HEADER, has_answer, is_replay, is_spent
from hotseat_edge.openai.names import CONVERSATION_HEADER, model_not_found
from hotseat_edge.openai.request import Asked
from hotseat_edge.story import present

PROBE_TIMEOUT_S = 0.9
RESUME_S = 3.0  # also the time that a turn goes on in the core when its edge is lost
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

    def __init__(self, client: Client, wait_s: float) -> None:
        self.client = client
        self._absence = Absence(client, wait_s)
        self._profiles: dict[str, pb.Profile] = {}
        self._profiles_until = 0.0

    async def caller(self) -> pb.GetCallerResponse:
        """Whom the core takes the present request's caller for. Raises ApiError."""
        while True:
            try:
                return await self.client.get_caller()
            except HotseatError as error:
                if not await self._absence.is_passing(error):
                    raise problem(error) from error

    async def profiles(self) -> list[pb.Profile]:
        """The profiles on offer, the default one first."""
        while True:
            try:
                found = await self.client.list_profiles()
                break
            except HotseatError as error:
                if not await self._absence.is_passing(error):
                    raise problem(error) from error
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
        self, asked: Asked, profile: pb.Profile, note: Callable[[str, str], None]
    ) -> AsyncGenerator[pb.ConverseResponse, None]:
        """Yield one turn's events, a completion that is no failure last; close it to interrupt the turn.

        A turn that was asked for before, by the same client, is joined, or its answer given again.
        note hears of what belongs into the response's headers before the first event comes.
        Every failure, the turn's own included, is raised as an ApiError.
        """
        started, story = False, present()
        if story.trace is not None:
            # The stream was opened ahead of the request, and so were the call's metadata.
            asked.input.trace_context.traceparent = story.trace.traceparent
            asked.input.trace_context.tracestate = story.trace.tracestate
        while True:
            try:
                async for request_id in self._attempts(asked):
                    story.turn_id = request_id
                    async with (
                        self.client.converse(asked.opening, first=asked.input, resume_s=RESUME_S) as talk,
                        aclosing(talk.turn(request_id)) as events,
                    ):
                        note(CONVERSATION_HEADER, talk.ready.conversation.conversation_id)
                        if talk.ready.HasField("key_standing"):
                            for header, value in limits.of_standing(talk.ready.key_standing).items():
                                note(header, value)
                        async for event in events:
                            if not started and is_replay(event):
                                # Under a key nothing is begun twice that may have left traces.
                                if asked.identity.key and is_spent(event) and not profile.has_workspace:
                                    break
                                note(REPLAYED_HEADER, "true")
                            started = started or event.HasField("turn_started")
                            _check(event.turn_completed)
                            yield event
                        else:
                            return
                raise _exhausted()
            except HotseatError as error:
                if not started and await self._absence.is_passing(error):
                    continue
                found = problem(error, started=started, side_effects=profile.has_workspace)
                found.param = asked.params.get(error.metadata.get("field", ""))
                raise found from error

    async def _attempts(self, asked: Asked) -> AsyncGenerator[str, None]:
        """Yield the id that is asked under now; the next one where an earlier attempt took it, and has no answer."""
        identity = asked.identity
        if identity.is_retry and not identity.key and (known := await self._retried(identity.fingerprint)) is not None:
            asked.ask_under(known.turn.request_id, known.conversation_id)
            yield known.turn.request_id
            return
        for request_id in identity.request_ids():
            asked.ask_under(request_id)
            yield request_id

    async def _retried(self, fingerprint: str) -> pb.GetTurnResponse | None:
        """The turn that an SDK's retry is about, if it has an answer or may still get one."""
        try:
            found = await self.client.find_turn(fingerprint=fingerprint)
        except HotseatError as error:
            if error.code == grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return found if has_answer(found.turn, time.time()) else None


def _check(completed: pb.TurnCompleted) -> None:
    """Raise what went wrong."""
    if completed.outcome == pb.TurnCompleted.OUTCOME_FAILED:
        raise HotseatError.from_error(completed.error)
    if completed.outcome == pb.TurnCompleted.OUTCOME_INTERRUPTED:
        raise _interrupted()


def _exhausted() -> ApiError:
    message = f"Every attempt under this {KEY_HEADER} has failed; try again under a new one."
    return ApiError(message, status=409, code="idempotency_key_spent", headers={"x-should-retry": "false"})


def _interrupted() -> ApiError:
    """An HTTP client stops its turn by hanging up: somebody else has stopped this one, and half an answer is none."""
    message = "The turn was stopped before its end, by an operator or by another client; ask again."
    headers = {"x-should-retry": "false"}  # whoever stopped it may not want it again
    return ApiError(message, status=503, kind=SERVER_ERROR, code="turn_interrupted", headers=headers)

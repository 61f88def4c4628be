"""grpc.health.v1: what load balancers ask before they send anything."""

from collections.abc import Sequence

import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Health:
    """Answers for the whole server ("") and for each service by its name."""

    def __init__(self, server: grpc.aio.Server, *, taking_turns: str, others: Sequence[str]) -> None:
        self._servicer = health.aio.HealthServicer()
        self._taking_turns = ("", taking_turns)  # these serve while the pool takes turns; the others always do
        self._others = others
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def begin(self) -> None:
        """Say that everything serves."""
        await self.take_turns(True)
        for name in self._others:
            await self._servicer.set(name, _SERVING)

    async def take_turns(self, yes: bool) -> None:
        """Say whether turns are taken."""
        for name in self._taking_turns:
            await self._servicer.set(name, _SERVING if yes else _NOT_SERVING)

    async def end(self) -> None:
        """Say that nothing serves any more, whatever is said later."""
        await self._servicer.enter_graceful_shutdown()

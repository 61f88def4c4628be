"""Whom the edge lets in, by which name and how many at once: what of its settings changes while it serves."""

import logging

from hotseat_serving import logs
from hotseat_serving.process import allow_files

from hotseat_edge.connection import Bounds, Crowd
from hotseat_edge.gate import Gate
from hotseat_edge.metrics import Metrics
from hotseat_edge.settings import BadSetting, Settings
from hotseat_edge.tls import renew, server_context

logger = logging.getLogger(__name__)

_OTHER_FILES = 64  # besides clients: the core, logs, the loop itself


class Doors:
    """The gate, the crowd and the certificate of an edge. Making them raises BadSetting."""

    def __init__(self, settings: Settings) -> None:
        self.context = server_context(settings)
        self.gate = Gate(settings.host, settings.allowed_hosts, settings.cors_origins)
        self.crowd = Crowd(_bounds(settings), Metrics())
        allow_files(settings.max_connections + _OTHER_FILES)

    def become(self, old: Settings, new: Settings) -> None:
        """Let in whom the new settings let in, from the next request on; read the certificate again."""
        if new.log_level != old.log_level:
            logs.set_level(new.log_level)
        self.gate.let_in(new.allowed_hosts, new.cors_origins)
        self.crowd.bounds = _bounds(new)
        allow_files(new.max_connections + _OTHER_FILES)
        if self.context is not None:
            self._renew_certificate(new)

    def _renew_certificate(self, settings: Settings) -> None:
        assert self.context is not None  # noqa: S101 - asked before
        try:
            renew(self.context, settings)
        except BadSetting as error:
            logger.warning("the certificate stays as it was", extra={"reason": str(error)})
        else:
            logger.info("the certificate is read again", extra={"file": settings.tls_cert})


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        connections=settings.max_connections,
        connections_per_address=settings.max_connections_per_address,
        header_timeout_s=settings.header_timeout_s,
        stall_s=settings.stall_s,
    )

"""What workers are made with: their way to the provider, their containment, and what must not be."""

import contextlib
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path

from hotseat_core.egress.egress import Egress
from hotseat_core.errors import WorkerStartError
from hotseat_core.metrics.provider import ProviderMeter
from hotseat_core.settings import CoreSettings
from hotseat_core.upstream.credential import CredentialError
from hotseat_core.upstream.given import BareKey, Gate, NoWayError
from hotseat_core.upstream.lane import Patience
from hotseat_core.upstream.models import Models
from hotseat_core.upstream.provider import parse_provider
from hotseat_core.upstream.proxy import proxying
from hotseat_core.worker.appetites import Appetites
from hotseat_core.worker.containment import Containment, contained
from hotseat_core.worker.factory import FactorySettings, WorkerFactory

logger = logging.getLogger(__name__)

_LONGEST_WAIT_S = 60.0  # of a request whose key has as many at the provider as it may


@contextlib.asynccontextmanager
async def equipped(settings: CoreSettings, cli: Path, meter: ProviderMeter) -> AsyncIterator[WorkerFactory]:
    """Give what makes workers, and end what they use besides. Raises WorkerStartError or NoWayError."""
    path = settings.inherited_env.get("PATH", os.defpath)
    async with (
        contained(settings.containment, path, settings.sandboxing) as containment,
        _gate(settings, meter) as gate,
        _egress(settings) as egress,
        Appetites(settings.appetite) as appetites,
    ):
        forbid_root(settings, containment)
        check_egress(settings, containment)
        yield WorkerFactory(
            FactorySettings(
                cli_path=cli,
                gate=gate,
                data_dir=settings.data_path,
                containment=containment,
                shared_workspace=settings.shared_workspace,
                model=settings.model,
                inherited_env=settings.inherited_env,
                egress=egress,
                appetites=appetites,
            )
        )


def forbid_root(settings: CoreSettings, containment: Containment) -> None:
    """Raises WorkerStartError where agents would do as root what they like."""
    is_fenced = containment.sandbox is not None or settings.inherited_env.get("IS_SANDBOX") == "1"
    if os.getuid() == 0 and settings.permission_mode == "bypass" and not is_fenced:
        raise WorkerStartError(
            "HOTSEAT_PERMISSION_MODE=bypass would let agents do as root what they like, for they are not sandboxed "
            f"({containment.why_no_sandbox}): run the core as another user, or set IS_SANDBOX=1 if the machine is one"
        )


def check_egress(settings: CoreSettings, containment: Containment) -> None:
    """Raises WorkerStartError where agents would reach hosts that are not in the list."""
    if settings.egress_allow and containment.sandbox is None:
        raise WorkerStartError(
            f"HOTSEAT_EGRESS_ALLOW can't be kept: agents are not sandboxed ({containment.why_no_sandbox}), and reach "
            "what this machine does; unset it, or see to the sandbox"
        )


@contextlib.asynccontextmanager
async def _gate(settings: CoreSettings, meter: ProviderMeter) -> AsyncIterator[Gate]:
    """The workers' way to the model's provider."""
    try:
        credential = settings.open_credential()
    except CredentialError as exc:  # it was fine a moment ago
        raise NoWayError(str(exc)) from exc
    if settings.key_mode == "env":
        logger.warning("every worker holds the credential, and so do its tools", extra={"setting": "HOTSEAT_KEY_MODE"})
        yield BareKey(credential, settings.base_url)
        return
    provider, data_dir, environment = parse_provider(settings.base_url), settings.data_path, settings.inherited_env
    models = Models.listed(settings.allowed_models)
    # Less than the silence after which a turn counts as stalled: its client is to hear the reason.
    patience = Patience(min(_LONGEST_WAIT_S, settings.stall_timeout_ms / 2000), meter.waits)
    async with proxying(
        provider, credential, data_dir, environment, meter.note, models=models, patience=patience
    ) as proxy:
        yield proxy


@contextlib.asynccontextmanager
async def _egress(settings: CoreSettings) -> AsyncIterator[Egress | None]:
    """The agents' way to the hosts that are listed; None: there are none."""
    if not settings.egress_allow:
        yield None
        return
    logger.info("agents reach listed hosts", extra={"hosts": settings.egress_allow})
    async with Egress(settings.egress) as egress:
        yield egress

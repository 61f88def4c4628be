"""Builds the core, serves it, and drains it."""

import asyncio
import contextlib
import logging
import math
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import grpc
from grpc_health.v1.health import SERVICE_NAME as HEALTH_SERVICE
from grpc_reflection.v1alpha import reflection
from hotseat.v1 import (
    conversation_service_pb2,
    conversation_service_pb2_grpc,
    key_service_pb2,
    key_service_pb2_grpc,
    login_service_pb2,
    login_service_pb2_grpc,
    pool_service_pb2,
    pool_service_pb2_grpc,
)
from hotseat_serving.tracing import Tracer
from prometheus_client import CollectorRegistry

from hotseat_core import transport
from hotseat_core.access.caller import DEFAULT_TENANT, caller
from hotseat_core.access.keyring import Keyring
from hotseat_core.access.mode import AuthMode
from hotseat_core.access_interceptor import AccessInterceptor
from hotseat_core.conversation.reaper import Reaper, reaping
from hotseat_core.conversation.recovery import close_interrupted_turns
from hotseat_core.conversation.registry import Registry
from hotseat_core.conversation.retention import Retention
from hotseat_core.conversation.tenants import Tenants
from hotseat_core.conversation.terms import GoAwayReason
from hotseat_core.conversation.turn_runner import TurnLimits
from hotseat_core.conversation_servicer import ConversationServicer
from hotseat_core.equipment import equipped
from hotseat_core.errors import WorkerStartError
from hotseat_core.health import Health
from hotseat_core.interceptors import StatusInterceptor
from hotseat_core.journal.sqlite import SqliteStore
from hotseat_core.key_servicer import KeyServicer
from hotseat_core.listening import bind, check_exposure, mode_of, reader_check
from hotseat_core.login_servicer import LoginServicer
from hotseat_core.malformed import MalformedInterceptor
from hotseat_core.metrics.exposition import exposed
from hotseat_core.metrics.provider import ProviderMeter
from hotseat_core.metrics.running import RunningMeter
from hotseat_core.metrics.turns import MeteredStore, TurnMeter
from hotseat_core.parse import Parser
from hotseat_core.pool.pool import Pool
from hotseat_core.pool.settings import PoolSettings
from hotseat_core.pool.stats import PoolState
from hotseat_core.pool.worker_port import WorkerSpec
from hotseat_core.pool_servicer import PoolServicer
from hotseat_core.settings import CoreSettings
from hotseat_core.worker.cli_version import find_cli, is_tested, read_version
from hotseat_core.worker.factory import WorkerFactory
from hotseat_core.worker.setup import PermissionMode

logger = logging.getLogger(__name__)

_STOP_GRACE_S = 5.0  # for streams to notice that they were told to go

_CONVERSATIONS = conversation_service_pb2.DESCRIPTOR.services_by_name["ConversationService"].full_name
_POOL = pool_service_pb2.DESCRIPTOR.services_by_name["PoolService"].full_name

_KEYS = key_service_pb2.DESCRIPTOR.services_by_name["KeyService"].full_name
_LOGIN = login_service_pb2.DESCRIPTOR.services_by_name["LoginService"].full_name


@dataclass(frozen=True)
class Core:
    """A core that serves."""

    target: str  # where, as gRPC writes it
    pool: Pool
    tenants: Tenants
    keyring: Keyring
    metrics_url: str = ""  # empty: they are not served

    @property
    def registry(self) -> Registry:
        """The conversations of callers without a tenant of their own."""
        return self.tenants.of(DEFAULT_TENANT)


async def check_cli(settings: CoreSettings) -> tuple[Path, str]:
    """Return the CLI to run and its version. Raises WorkerStartError where there is none, or one never tested."""
    cli = find_cli(settings.cli_path)
    # Its own home: merely asking for the version must not touch the operator's.
    env = {"PATH": os.defpath, "HOME": str(settings.data_path), "DISABLE_AUTOUPDATER": "1"}
    found = await read_version(cli, env)
    logger.info("claude CLI", extra={"version": found, "path": str(cli)})
    if not is_tested(found):
        if not settings.allow_untested_cli:
            raise WorkerStartError(
                f"{cli} is version {found}, which hotseat was not tested with; unset CLAUDE_CLI_PATH to use the one in "
                "the claude-agent-sdk package, or set HOTSEAT_ALLOW_UNTESTED_CLI=1"
            )
        logger.warning("this version of the CLI was never tested", extra={"version": found})
    return cli, found


@contextlib.asynccontextmanager
async def serve(settings: CoreSettings, tracer: Tracer | None = None) -> AsyncIterator[Core]:
    """Serve until the context is left, then drain. Raises WorkerStartError, CannotListenError or StorageFailed."""
    keyring = Keyring(settings.data_path, static_secret=settings.api_key, is_required=settings.auth == "required")
    counted = CollectorRegistry()
    async with keyring:
        _check_access(settings, keyring)
        cli, cli_version = await check_cli(settings)
        async with (
            equipped(settings, cli, ProviderMeter(counted)) as factory,
            _serve(settings, factory, cli_version, keyring, counted, tracer=tracer) as core,
        ):
            yield core


@contextlib.asynccontextmanager
async def _serve(
    settings: CoreSettings,
    factory: WorkerFactory,
    cli_version: str,
    keyring: Keyring,
    counted: CollectorRegistry,
    *,
    tracer: Tracer | None,
) -> AsyncIterator[Core]:
    parser = Parser(settings.profile, PermissionMode(settings.permission_mode))
    limits = TurnLimits(
        settings.stall_timeout_ms / 1000, settings.turn_timeout_ms / 1000, settings.workspace_limit_mb * 1024 * 1024
    )
    retention = _retention(settings)
    build = {"version": version("hotseat"), "cli_version": cli_version, "containment": factory.containment.name}
    metrics_at, admits = (settings.metrics_host, settings.metrics_port), reader_check(settings, keyring)
    async with (
        _journal(settings, TurnMeter(counted)) as store,
        Pool(_pool_settings(settings), factory.start) as pool,
        exposed(counted, pool.stats, build, *metrics_at, data_dir=settings.data_path, admits=admits) as metrics_url,
    ):
        tenants = Tenants(
            store,
            pool,
            limits,
            workspace_root=factory.workspace_root,
            default_settings=parser.default_settings,
            made_workspaces=factory.made_workspaces,
            retention=retention,
            tally=RunningMeter(counted),
        )
        async with tenants, reaping(Reaper(tenants, retention)):
            server = grpc.aio.server(
                interceptors=[MalformedInterceptor(), StatusInterceptor(), AccessInterceptor(keyring)],
                options=transport.options(settings),
                maximum_concurrent_rpcs=settings.max_calls,
            )
            servicer = ConversationServicer(
                tenants,
                parser,
                version("hotseat"),
                max_import_bytes=settings.max_import_bytes,
                account=keyring.account,
                tracer=tracer,
            )
            conversation_service_pb2_grpc.add_ConversationServiceServicer_to_server(servicer, server)
            health = await _add_health(server)
            pool_servicer = PoolServicer(
                pool,
                cli_version,
                check_conversation=lambda conversation_id: tenants.of(caller().tenant).summary(conversation_id),
                containment=factory.containment,
                key_mode=settings.key_mode,
                on_taking_turns=health.take_turns,
            )
            pool_service_pb2_grpc.add_PoolServiceServicer_to_server(pool_servicer, server)
            key_servicer = KeyServicer(keyring, lambda: mode_of(settings, needs_key=keyring.needs_key))
            key_service_pb2_grpc.add_KeyServiceServicer_to_server(key_servicer, server)
            login_service_pb2_grpc.add_LoginServiceServicer_to_server(LoginServicer(keyring), server)
            target = await asyncio.to_thread(bind, server, settings)
            await server.start()
            try:
                yield Core(target, pool, tenants, keyring, metrics_url)
            finally:
                await _drain(health, pool, settings.drain_timeout_ms / 1000)
                tenants.dismiss_all(GoAwayReason.DRAINING)
                servicer.dismiss_unopened()
                pool_servicer.dismiss_all()
                await server.stop(_STOP_GRACE_S)


def _check_access(settings: CoreSettings, keyring: Keyring) -> None:
    """Say how callers are let in. Raises CannotListenError where strangers would be, and nobody has said so."""
    mode = mode_of(settings, needs_key=keyring.needs_key)
    check_exposure(settings, mode)
    if mode is AuthMode.INSECURE:
        logger.warning("whoever reaches the core may use it: HOTSEAT_INSECURE_NO_AUTH is set and there is no key")
    logger.info("access", extra={"auth": mode.value, "keys": len(keyring.keys), "tls": bool(settings.tls_cert)})


@contextlib.asynccontextmanager
async def _journal(settings: CoreSettings, meter: TurnMeter) -> AsyncIterator[SqliteStore]:
    store = MeteredStore(settings.data_path / "journal.db", meter)
    await store.open()
    try:
        if store.recovered is not None:
            logger.error("the journal could not be read and was moved aside", extra={"moved_to": store.recovered})
        await close_interrupted_turns(store)
        yield store
    finally:
        await store.aclose()


async def _add_health(server: grpc.aio.Server) -> Health:
    health = Health(server, taking_turns=_CONVERSATIONS, others=[_POOL, _KEYS, _LOGIN])
    await health.begin()
    names = (_CONVERSATIONS, _POOL, _KEYS, _LOGIN, HEALTH_SERVICE, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    return health


async def _drain(health: Health, pool: Pool, grace_s: float) -> None:
    """Take nothing new, and let turns end within the grace."""
    logger.info("draining", extra={"grace_s": grace_s})
    await health.end()
    pool.drain(grace_s, stops=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace_s + _STOP_GRACE_S):
            while pool.state is not PoolState.DRAINED:
                await pool.wait_for_change()


def _pool_settings(settings: CoreSettings) -> PoolSettings:
    return PoolSettings(
        default_spec=WorkerSpec(settings.profile),
        max_workers=settings.pool_size,
        warm_workers=min(settings.warm_workers, settings.pool_size),
        max_queue=settings.max_queue,
        idle_timeout_s=settings.idle_timeout_ms / 1000,
        queue_timeout_s=settings.queue_timeout_ms / 1000,
        memory_limit_bytes=settings.memory_limit_mb * 1024 * 1024,
    )


def _retention(settings: CoreSettings) -> Retention:
    general_s, one_shot_s = settings.retention_ms / 1000, settings.transient_retention_ms / 1000
    workspace_s = settings.workspace_retention_ms / 1000
    return Retention(general_s or math.inf, one_shot_s or math.inf, workspace_s or math.inf)

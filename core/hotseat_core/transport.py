"""How much of the gRPC server one client may take."""

from typing import Any, TypeAlias

from hotseat_core.settings import CoreSettings

Options: TypeAlias = list[tuple[str, Any]]

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
MAX_METADATA_BYTES = 16 * 1024
_MAX_PING_STRIKES = 2


def options(settings: CoreSettings) -> Options:
    """Return the server's channel options."""
    return [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        # Both bounds: between them gRPC would refuse at random, more of them the nearer to the upper one.
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.max_concurrent_streams", settings.max_streams),
        ("grpc.max_connection_idle_ms", settings.connection_idle_ms or _NEVER),
        ("grpc.max_connection_age_ms", settings.connection_age_ms or _NEVER),
        # Streams that are open when a connection's age is reached may go on for so long.
        ("grpc.max_connection_age_grace_ms", settings.connection_grace_ms),
        ("grpc.server_handshake_timeout_ms", settings.handshake_timeout_ms),
        ("grpc.so_reuseport", 0),  # a second core on the port must fail, not share it
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", _MAX_PING_STRIKES),
    ]


_NEVER = 2**31 - 1  # as gRPC writes it

"""The settings of where the servers listen and whom they let in. Pure."""

from hotseat_serving.configuration.kinds import PORT, Choice, Count, FilePath, Flag, Items, Text
from hotseat_serving.configuration.setting import Group, Setting

_SECRET = Text("a key", is_secret=True)

LISTENING = Group(
    "Where it listens",
    "listening",
    (
        Setting("PORT", "edge.port", PORT, "3000", "port of the edge (HTTP); 0: any free one", edge="port"),
        Setting(
            *("HOTSEAT_HOST", "edge.host", Text("an address"), "127.0.0.1"),
            "address of the edge; one that other machines reach needs keys ([security.md](security.md))",
            edge="host",
        ),
        Setting(
            *("HOTSEAT_CORE_PORT", "core.port", PORT, "50051", "port of the core (gRPC); 0: any free one"),
            core="port",
            edge="core_port",
        ),
        Setting(
            *("HOTSEAT_CORE_HOST", "core.host", Text("an address"), "127.0.0.1", "address of the core"),
            core="host",
            edge="core_host",
        ),
        Setting(
            *("HOTSEAT_CORE_SOCKET", "core.socket", FilePath(), ""),
            "path of a unix socket for the core, instead of TCP",
            core="socket",
            edge="core_socket",
            example="./core.sock",
        ),
        Setting(
            *("HOTSEAT_CORE_TARGET", "core.target", Text("a target"), ""),
            "where the edge, `hotseat chat` and the operator's commands find the core: `host:port` or `unix:/path`",
            edge="core_target",
            default_is="from the three above",
            example="core.internal:50051",
        ),
        Setting(
            *("HOTSEAT_METRICS_PORT", "metrics.port", PORT, ""),
            "port of the core's Prometheus metrics (HTTP, `/metrics`), which are not served without one; 0: any free "
            "one. The edge has its own at `/metrics` on `PORT` ([metrics.md](metrics.md))",
            core="metrics_port",
            example="9464",
        ),
        Setting(
            *("HOTSEAT_METRICS_HOST", "metrics.host", Text("an address"), "127.0.0.1", "address of the core's metrics"),
            core="metrics_host",
        ),
    ),
)

OF_THE_EDGE = Group(
    "Whom the edge lets in, and how much they may take",
    "edge",
    (
        Setting(
            *("HOTSEAT_ALLOWED_HOSTS", "edge.allowed_hosts", Items(), ""),
            "names, with commas between, by which clients may call the edge besides `localhost` and the loopback "
            "addresses; `.example.com` stands for all below it. Another `Host` is 403 `host_not_allowed`. Where "
            "`HOTSEAT_HOST` is not loopback, that name and any literal address will do too",
            edge="allowed_hosts",
            example="hotseat.example.com",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_CORS_ORIGINS", "edge.cors_origins", Items(), ""),
            "origins such as `https://app.example.com`, with commas between, whose pages may send requests and read "
            "the answers. Other pages' requests are 403 `origin_not_allowed`. There is no `*`",
            edge="cors_origins",
            example="https://app.example.com",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_MAX_CONNECTIONS", "edge.max_connections", Count(1), "1024"),
            "connections of all clients at once; further ones are answered 503 `too_many_connections`",
            edge="max_connections",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_MAX_CONNECTIONS_PER_ADDRESS", "edge.max_connections_per_address", Count(1), "256"),
            "the same for one address; loopback's are not counted, since a proxy there speaks for many. Raise it for a "
            "proxy on another machine",
            edge="max_connections_per_address",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_MAX_BODY_BYTES", "edge.max_body_bytes", Count(1), "33554432"),
            "the largest body of a request",
            edge="max_body_bytes",
        ),
        Setting(
            *("HOTSEAT_HEADER_TIMEOUT_MS", "edge.header_timeout_ms", Count(1), "10000"),
            "how long the head of a request may take from its first byte on",
            edge="header_timeout_s",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_BODY_TIMEOUT_MS", "edge.body_timeout_ms", Count(1), "30000"),
            "how long a body may take, and a second more for every KiB of it",
            edge="body_timeout_s",
        ),
        Setting(
            *("HOTSEAT_WRITE_TIMEOUT_MS", "edge.write_timeout_ms", Count(1), "60000"),
            "how long a client may leave an answer unread; a KiB a second is enough",
            edge="stall_s",
        ),
        Setting(
            *("HOTSEAT_IDLE_CONNECTION_MS", "edge.idle_connection_ms", Count(1), "75000"),
            "how long a connection may stay without a request",
            edge="idle_connection_s",
        ),
        Setting(
            *("HOTSEAT_CORE_WAIT_MS", "edge.core_wait_ms", Count(), "10000"),
            "how long a request waits for a core that has said that it stops, and for the one that takes its place; "
            "one that is lost without a word is 503 at once",
            edge="core_wait_s",
        ),
    ),
)

OF_THE_CORE = Group(
    "Whom the core serves, and how much they may take",
    "core",
    (
        Setting(
            *("HOTSEAT_CORE_MAX_STREAMS", "core.max_streams", Count(1), "1200"),
            "calls at once on one connection; further ones wait in the client. An edge has one connection, and as many "
            "calls as it has requests",
            core="max_streams",
        ),
        Setting(
            *("HOTSEAT_CORE_MAX_CALLS", "core.max_calls", Count(1), "5000"),
            "calls at once on all connections; further ones are refused with RESOURCE_EXHAUSTED",
            core="max_calls",
        ),
        Setting(
            *("HOTSEAT_CORE_CONNECTION_IDLE_MS", "core.connection_idle_ms", Count(), "300000"),
            "a connection without calls is ended after so long; 0: never",
            core="connection_idle_ms",
        ),
        Setting(
            *("HOTSEAT_CORE_CONNECTION_AGE_MS", "core.connection_age_ms", Count(), "3600000"),
            "a connection takes no new calls after so long, and its client makes another one; 0: never",
            core="connection_age_ms",
        ),
        Setting(
            *("HOTSEAT_CORE_CONNECTION_GRACE_MS", "core.connection_grace_ms", Count(), "1860000"),
            "how long the calls that run then may go on; no turn is cut off where it is longer than "
            "`HOTSEAT_TURN_TIMEOUT_MS`",
            core="connection_grace_ms",
        ),
        Setting(
            *("HOTSEAT_CORE_HANDSHAKE_TIMEOUT_MS", "core.handshake_timeout_ms", Count(1), "10000"),
            "how long a client may take to begin HTTP/2",
            core="handshake_timeout_ms",
        ),
    ),
)

ACCESS = Group(
    "Who may use it",
    "access",
    (
        Setting(
            *("HOTSEAT_API_KEY", "access.api_key", _SECRET, ""),
            "a key of every scope and without limits, beside those made by `hotseat keys create` "
            "([security.md](security.md#keys))",
        ),
        Setting(
            *("HOTSEAT_API_KEY_FILE", "access.api_key_file", FilePath(), "", "a file that holds it, instead"),
            example="/run/secrets/hotseat-api-key",
        ),
        Setting(
            *("HOTSEAT_AUTH", "access.auth", Choice(("auto", "required")), "auto"),
            "`auto`: every call needs a key as soon as there has been one; `required`: also before",
            core="auth",
        ),
        Setting(
            *("HOTSEAT_INSECURE_NO_AUTH", "access.insecure_no_auth", Flag(), "0"),
            "1 serves other machines without asking anybody for a key",
            core="insecure_no_auth",
            edge="insecure_no_auth",
        ),
        Setting(
            *("HOTSEAT_CORE_TLS_CERT", "core.tls_cert", FilePath(), ""),
            "the core's certificate with its chain, as a PEM file: gRPC over TLS",
            core="tls_cert",
            example="./core.pem",
        ),
        Setting(
            *("HOTSEAT_CORE_TLS_KEY", "core.tls_key", FilePath(), "", "its key, as a PEM file"),
            core="tls_key",
            example="./core-key.pem",
        ),
        Setting(
            *("HOTSEAT_CORE_TLS_CLIENT_CA", "core.tls_client_ca", FilePath(), ""),
            "clients of the core must show a certificate of this CA (mTLS)",
            core="tls_client_ca",
            example="./clients-ca.pem",
        ),
        Setting(
            *("HOTSEAT_CORE_CA", "core.ca", FilePath(), ""),
            "the CA of the core's certificate: the edge and the commands then speak TLS to the core",
            edge="core_ca",
            example="./ca.pem",
        ),
        Setting(
            *("HOTSEAT_CORE_CLIENT_CERT", "core.client_cert", FilePath(), "", "the certificate that they show it"),
            edge="core_client_cert",
            example="./edge.pem",
        ),
        Setting(
            *("HOTSEAT_CORE_CLIENT_KEY", "core.client_key", FilePath(), "", "its key"),
            edge="core_client_key",
            example="./edge-key.pem",
        ),
        Setting(
            *("HOTSEAT_TLS_CERT", "edge.tls_cert", FilePath(), ""),
            "the edge's certificate with its chain, as a PEM file: HTTPS",
            edge="tls_cert",
            example="./hotseat.pem",
        ),
        Setting(
            *("HOTSEAT_TLS_KEY", "edge.tls_key", FilePath(), "", "its key, as a PEM file"),
            edge="tls_key",
            example="./hotseat-key.pem",
        ),
        Setting(
            *("HOTSEAT_TLS_CLIENT_CA", "edge.tls_client_ca", FilePath(), ""),
            "clients of the edge must show a certificate of this CA",
            edge="tls_client_ca",
            example="./clients-ca.pem",
        ),
    ),
)

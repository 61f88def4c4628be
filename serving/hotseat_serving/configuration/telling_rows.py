"""The settings of what the servers tell: answers, logs and traces. Pure."""

from hotseat_serving.configuration.kinds import Choice, FilePath, Text
from hotseat_serving.configuration.setting import Group, Setting

NO_LOG = "off"  # in place of a directory: nothing is kept

ANSWERS = Group(
    "Answers",
    "answers",
    (
        Setting(
            *("HOTSEAT_ACTIVITY", "edge.activity", Choice(("reasoning", "content", "off")), "reasoning"),
            "where chat completions tell what `claude-code` does with its own tools: in `reasoning_content`, among the "
            "words of the answer (`content`), or not at all (`off`)",
            edge="activity",
        ),
    ),
)

LOGS = Group(
    "Logs",
    "logs",
    (
        Setting(
            *("HOTSEAT_LOG_LEVEL", "logs.level", Choice(("debug", "info", "warning", "error")), "info"),
            "`debug`, `info`, `warning` or `error`",
            core="log_level",
            edge="log_level",
            is_live=True,
        ),
        Setting(
            *("HOTSEAT_LOG_FORMAT", "logs.format", Choice(("auto", "text", "json")), "auto"),
            "`text`, `json` (one object a line), or `auto`: text where standard error is a terminal, else JSON",
            core="log_format",
            edge="log_format",
        ),
        Setting(
            *("HOTSEAT_LOG_DIR", "logs.dir", FilePath(words=(NO_LOG,)), ""),
            "where each server also keeps its log, as lines of JSON in files of bounded size, for `hotseat logs` "
            "([operations.md](operations.md#the-log)); `off`: nowhere",
            core="log_dir",
            edge="log_dir",
            default_is="`logs` in the data directory with `hotseat up`, else nowhere",
            example="/var/log/hotseat",
        ),
    ),
)

TRACES = Group(
    "Traces",
    "traces",
    (
        Setting(
            *("HOTSEAT_TRACES", "otel.traces", Choice(("auto", "on", "off")), "auto"),
            "OpenTelemetry traces ([observability.md](observability.md#traces)): `auto`, where there is an endpoint; "
            "`on`, and nothing starts where the extra `hotseat[otel]` is missing; `off`, whatever else is set",
            core="traces",
            edge="traces",
        ),
        Setting(
            *("OTEL_EXPORTER_OTLP_ENDPOINT", "otel.endpoint", Text(), ""),
            "where they are sent, as OTLP over HTTP",
            core="otlp_endpoint",
            edge="otlp_endpoint",
            default_is="`http://localhost:4318`",
            example="http://localhost:4318",
        ),
        Setting(
            *("OTEL_EXPORTER_OTLP_HEADERS", "otel.headers", Text(is_secret=True), ""),
            "headers to send with them: `name=value`, with commas between",
            core="otlp_headers",
            edge="otlp_headers",
            example="authorization=Bearer%20...",
        ),
    ),
)

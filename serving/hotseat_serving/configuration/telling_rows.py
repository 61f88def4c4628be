"""The settings of what the servers tell: answers, logs and traces. Pure."""

from hotseat_serving.configuration.kinds import Choice, Text
from hotseat_serving.configuration.setting import Group, Setting

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

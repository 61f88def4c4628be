"""What of the CLI's messages is worth showing."""

from typing import Any

import pytest
from hotseat_core.events import Notice, NoticeKind
from hotseat_core.worker.notices import notice_of


@pytest.mark.parametrize(
    ("message", "notice"),
    [
        (
            {"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10, "error_status": None},
            Notice(
                NoticeKind.RETRYING,
                "the provider failed and is tried again",
                {"attempt": "2", "maxRetries": "10"},
            ),
        ),
        (
            {"type": "system", "subtype": "compact_boundary", "secret": "x"},
            Notice(NoticeKind.COMPACTED, "the context was compacted"),
        ),
        (
            {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed", "resets_at": 5, "other": None}},
            Notice(
                NoticeKind.RATE_LIMIT,
                "the provider reported its rate limits",
                {"status": "allowed", "resetsAt": "5"},
            ),
        ),
        (
            {"type": "rate_limit_event"},
            Notice(NoticeKind.RATE_LIMIT, "the provider reported its rate limits"),
        ),
        ({"type": "system", "subtype": "init"}, None),
        ({"type": "system"}, None),
    ],
)
def test_a_message_is_a_notice_or_nothing(message: dict[str, Any], notice: Notice | None) -> None:
    assert notice_of(message) == notice

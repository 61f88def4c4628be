"""Logs on stderr: a constant text with fields beside it, for people or as JSON lines, and no secret in any of it."""

import functools
import logging
import sys
from types import TracebackType
from typing import Literal

import structlog
from structlog.typing import Processor

from hotseat_serving.scrub import scrub

logger = logging.getLogger(__name__)


class _ScrubbingFormatter(structlog.stdlib.ProcessorFormatter):
    """Takes secrets out of the whole line: fields, tracebacks and what libraries say too."""

    _latest: tuple[logging.LogRecord | None, str] = (None, "")

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record; made once, also where it goes to two places."""
        latest, line = self._latest
        if latest is not record:
            line = scrub(super().format(record))
            self._latest = (record, line)
        return line


Form = Literal["auto", "text", "json"]  # auto: text on a terminal, JSON lines for whatever else reads them


def configure(level: str, form: Form) -> None:
    """Send all of the process's logs to stderr, in this form; also how it fails, if it does."""
    is_terminal = sys.stderr.isatty()
    is_json = form == "json" or (form == "auto" and not is_terminal)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        json_lines() if is_json else _formatter(structlog.dev.ConsoleRenderer(colors=is_terminal, pad_event_to=0))
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    sys.excepthook = _log_failure


@functools.cache
def json_lines() -> logging.Formatter:
    """What makes a line of JSON of each record; the same for all."""
    return _formatter(structlog.processors.JSONRenderer())


def _formatter(renderer: Processor) -> logging.Formatter:
    return _ScrubbingFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ExtraAdder(),
            structlog.processors.format_exc_info,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def set_level(level: str) -> None:
    """Log from this level on."""
    logging.getLogger().setLevel(level.upper())


def _log_failure(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    logger.critical("the process failed", exc_info=(kind, error, trace))

"""What a process writes down: one event, one line of JSON in ASCII, on standard error.

Whatever a field holds, a control character, a line separator or an escape sequence of a terminal is written as JSON
writes it, so that no value can end its line or begin another. Of what libraries and Python itself say, and of bugs,
there is the place and the kind, never the text: it might hold patient data, a token or a key.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from linkexchange.bugs import described

TEXT_MAX = 1000
"""Longer text is cut: it is none of ours."""
_log = structlog.get_logger(__name__)


def log_to_stderr(level: str) -> None:
    """Let everything in this process say what it says in this form."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_text_of_bugs,
            _short,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Discreet())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.captureWarnings(capture=True)
    sys.excepthook = _unexpected
    threading.excepthook = _unexpected_in_thread


def bug(event: str, unexpected: BaseException) -> None:
    """Write down that something happened which nobody has thought of."""
    _log.error(event, **described(unexpected), places=_places(unexpected.__traceback__))


class _Discreet(logging.Formatter):
    """For records of the standard library's logging, which is that of libraries."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, object] = {
            "event": "said by a library",
            "logger": record.name,
            "where": f"{record.filename}:{record.lineno}",
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info and record.exc_info[1]:
            said["bug"] = described(record.exc_info[1])
        return json.dumps(said)


def _without_text_of_bugs(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    unexpected = event.pop("exc_info", None)
    if unexpected is True:
        unexpected = sys.exc_info()[1]
    if isinstance(unexpected, BaseException):
        event["bug"] = described(unexpected)
    return event


def _short(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return {name[:TEXT_MAX]: _cut(value) for name, value in event.items()}


def _cut(value: object) -> object:
    return value[:TEXT_MAX] if isinstance(value, str | bytes) else value


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{place.filename}:{place.lineno}" for place in traceback.extract_tb(trace)]


def _unexpected(kind: type[BaseException], unexpected: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, unexpected, trace)
        return
    bug("unexpected error", unexpected)


def _unexpected_in_thread(ended: Any) -> None:
    if ended.exc_value is not None and not issubclass(ended.exc_type, SystemExit):
        bug("unexpected error in a thread", ended.exc_value)

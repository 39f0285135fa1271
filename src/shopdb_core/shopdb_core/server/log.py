"""The log of a serving process, on stderr: buffered for the only process, line by line for one of several."""

import json
import logging
from datetime import UTC, datetime
from logging.handlers import MemoryHandler

from shopdb_core.settings.records import LogFormat
from shopdb_core.web.access_log import AnsweredRequest

BUFFERED_LINES = 1000

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"

LINE_OF_ONE_AMONG_MANY = "%(asctime)s %(levelname)s [%(process)d] %(name)s %(message)s"
"""With the process id, since several processes write to one log."""

LONGEST_LINE = 2000
MOST_LINES = 100
"""Of one record, such as a traceback."""

LONGEST_MESSAGE = 20_000
"""Characters of one message, or of a traceback, as JSON."""


class BoundedFormatter(logging.Formatter):
    """Formats records so that no text in them, which a client may have sent, passes for another record.

    Control characters are escaped, and the lines after the first are indented and limited in number and
    length.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's lines."""
        text = super().format(record)
        if len(text) <= LONGEST_LINE and text.isprintable():
            return text
        return "\n  ".join(map(_bounded, text.split("\n")[:MOST_LINES]))


def _bounded(line: str) -> str:
    shown = line[:LONGEST_LINE]
    if not shown.isprintable():
        shown = "".join(each if each.isprintable() else _escaped(each) for each in shown)[:LONGEST_LINE]
    return shown if len(line) <= LONGEST_LINE else f"{shown}..."


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class JsonFormatter(logging.Formatter):
    """Formats each record as one line of JSON, in ASCII and with escapes for control characters.

    An answered request gives its fields; any other message is `message`, whose length is limited.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "pid": record.process,
        }
        if isinstance(record.msg, AnsweredRequest):
            line |= record.msg.log_fields()
        else:
            line["message"] = record.getMessage()[:LONGEST_MESSAGE]
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)[-LONGEST_MESSAGE:]
        return json.dumps(line)


def log_to_stderr(form: LogFormat) -> MemoryHandler:
    """Log to stderr through a buffer, since a write for each request costs a tenth of the throughput.

    Returns the handler, whose `flush` writes the buffered lines. A warning flushes it.
    """
    handler = MemoryHandler(BUFFERED_LINES, logging.WARNING, _on_stderr(form, LINE))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return handler


def log_details() -> None:
    """Log the messages of exceptions of plugins and the database, too; they may quote what clients sent."""
    logging.getLogger("shopdb_core").setLevel(logging.DEBUG)


def log_at_once(form: LogFormat) -> None:
    """Log to stderr line by line, unless the server that loads the application has configured logging.

    Each line is one write, so that the lines of several processes do not mix.
    """
    logging.basicConfig(level=logging.INFO, handlers=[_on_stderr(form, LINE_OF_ONE_AMONG_MANY)])
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _on_stderr(form: LogFormat, line: str) -> logging.StreamHandler:  # type: ignore[type-arg]  # sys.stderr
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter() if form == "json" else BoundedFormatter(line))
    return handler

"""The log of a serving process, on stderr: buffered for the only process, line by line for one of several."""

import logging
from logging.handlers import MemoryHandler

BUFFERED_LINES = 1000

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"

LINE_OF_ONE_AMONG_MANY = "%(asctime)s %(levelname)s [%(process)d] %(name)s %(message)s"
"""With the process id, since several processes write to one log."""


def log_to_stderr() -> MemoryHandler:
    """Log to stderr through a buffer, since a write for each request costs a tenth of the throughput.

    Returns the handler, whose `flush` writes the buffered lines. A warning flushes it.
    """
    stream = logging.StreamHandler()
    stream.setFormatter(logging.Formatter(LINE))
    handler = MemoryHandler(BUFFERED_LINES, logging.WARNING, stream)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return handler


def log_at_once() -> None:
    """Log to stderr line by line, unless the server that loads the application has configured logging.

    Each line is one write, so that the lines of several processes do not mix.
    """
    logging.basicConfig(level=logging.INFO, format=LINE_OF_ONE_AMONG_MANY)
    logging.getLogger("alembic").setLevel(logging.WARNING)

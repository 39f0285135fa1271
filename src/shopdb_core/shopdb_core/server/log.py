"""The log of a process that serves."""

import logging
from logging.handlers import MemoryHandler

BUFFERED_LINES = 1000

LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"

LINE_OF_ONE_AMONG_MANY = "%(asctime)s %(levelname)s [%(process)d] %(name)s %(message)s"
"""Shows the process, where several write to one log."""


def log_to_stderr() -> MemoryHandler:
    """Collect a few lines before each write, since a write a request costs a tenth of the throughput.

    A warning is written at once, with all that came before it.
    """
    stream = logging.StreamHandler()
    stream.setFormatter(logging.Formatter(LINE))
    handler = MemoryHandler(BUFFERED_LINES, logging.WARNING, stream)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("alembic").setLevel(logging.WARNING)
    return handler


def log_at_once() -> None:
    """Log to stderr line by line, under a server that has not set up the log by itself.

    Each line is one write, so that processes which share the log do not mix their lines.
    """
    logging.basicConfig(level=logging.INFO, format=LINE_OF_ONE_AMONG_MANY)
    logging.getLogger("alembic").setLevel(logging.WARNING)

"""What the store must be told of one kind of database server."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, Connection, Engine

LOCK_TIMEOUT_SECONDS = 15
"""How long a statement waits for rows that another transaction holds."""

ANSWER_SECONDS = 30.0
"""Longer than any lock is waited for; a server that sends nothing for so long does not work."""


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """What one of the driver's errors means.

    `again`: the whole transaction may succeed if it is run again. `lost`: the connection is of no more
    use. `read_only`: it refused to write. `reason` is what the client is told once there is no more trying;
    without one the error is raised as it came.
    """

    reason: str | None
    again: bool = False
    lost: bool = False
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class DatabaseDialect:
    """One kind of database server.

    `connect_args` go to the driver; `prepare` sees each new engine, and the URL as the site wrote it, before
    the first connection, and bounds the seconds for which an answer is waited for. `judge` gives the verdict
    on a driver's error, `None` where the error is no matter of time. `check` raises `ConfigurationError` for
    a server that would change what is stored. `catch_up` waits until a server that is one of several has what
    the others had committed by then. `lock_migrations` makes other upgrades wait until the connection's
    transaction, or the connection, ends. `lock_pruning` returns at once whether no other process prunes; the
    lock ends likewise.
    """

    connect_args: Mapping[str, Any]
    prepare: Callable[[Engine, URL, float | None], None]
    judge: Callable[[BaseException], ErrorClass | None]
    check: Callable[[Connection], None]
    catch_up: Callable[[Connection], None]
    lock_migrations: Callable[[Connection], None]
    lock_pruning: Callable[[Connection], bool]

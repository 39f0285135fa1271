"""The database: engines, transactions, tables, migrations. Only this package distinguishes databases."""

from sqlalchemy import Connection

from shopdb_core.store.interface import Store
from shopdb_core.store.messages import Insertion, Write, read_all, run_all
from shopdb_core.store.open import open_store
from shopdb_core.store.statement import Query, Rows, SetQuery, Statement

__all__ = [
    "Connection",
    "Insertion",
    "Query",
    "Rows",
    "SetQuery",
    "Statement",
    "Store",
    "Write",
    "open_store",
    "read_all",
    "run_all",
]

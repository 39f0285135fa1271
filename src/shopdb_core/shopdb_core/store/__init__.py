"""The database: engines, transactions, tables, migrations. Only this package distinguishes databases."""

from sqlalchemy import Connection

from shopdb_core.store.interface import Store
from shopdb_core.store.open import open_store
from shopdb_core.store.statement import Insertion, SetQuery, Statement, Write, run_all

__all__ = ["Connection", "Insertion", "SetQuery", "Statement", "Store", "Write", "open_store", "run_all"]

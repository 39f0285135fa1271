"""The one path of a submission: prepare, upsert, answer, notify."""

from shopdb_core.collect.answer import Answer, Origin
from shopdb_core.collect.submissions import Submissions

__all__ = ["Answer", "Origin", "Submissions"]

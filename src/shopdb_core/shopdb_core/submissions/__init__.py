"""The one path of a submission: prepare, upsert, answer, notify."""

from shopdb_core.submissions.result import Origin, SubmissionResult
from shopdb_core.submissions.service import Submissions

__all__ = ["Origin", "SubmissionResult", "Submissions"]

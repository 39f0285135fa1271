"""From a submission to a stored asset: `Submissions` prepares, upserts, and notifies observers."""

from shopdb_core.submissions.result import Origin, SubmissionResult
from shopdb_core.submissions.service import Submissions

__all__ = ["Origin", "SubmissionResult", "Submissions"]

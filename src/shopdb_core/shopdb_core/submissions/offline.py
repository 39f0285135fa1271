"""What the endpoint would say of a body, as far as it says so before it turns to the database."""

from shopdb_core.intake.http_body import json_body
from shopdb_core.plugins.collector import Collector
from shopdb_core.settings import IntakeSettings
from shopdb_core.submissions.pipeline import Pipeline


class OfflineValidator:
    """Takes the way of a submission to one collector, without a store; safe to share between threads."""

    def __init__(self, collector: Collector, intake: IntakeSettings) -> None:
        self._preparation = Pipeline(collector, intake.timezone)
        self._limit = intake.max_body_bytes

    def warnings(self, content: bytes, *, lenient: bool = False) -> tuple[str, ...]:
        """Return the warnings of what would be taken, as if `content` were posted as `application/json`.

        Raises what the endpoint would refuse it with: `MalformedBody`, `PayloadTooLarge`,
        `InvalidSubmission` with the faults, `PluginFailure`.
        """
        body = json_body(content, self._limit)
        return self._preparation.prepare_body(body, lenient=lenient).warnings

"""Validation without a database, for `shopdb validate`."""

from shopdb_core.intake.http_body import json_body
from shopdb_core.plugins.collector import Collector
from shopdb_core.settings import IntakeSettings
from shopdb_core.submissions.pipeline import Pipeline


class OfflineValidator:
    """Validates bodies as the endpoint of one collector does; safe to share between threads."""

    def __init__(self, collector: Collector, intake: IntakeSettings) -> None:
        self._pipeline = Pipeline(collector, intake.timezone)
        self._limit = intake.max_body_bytes

    def warnings(self, content: bytes, *, lenient: bool = False) -> tuple[str, ...]:
        """Return the warnings for a valid body, as if `content` were posted as `application/json`.

        Raises the endpoint's error for any other: `MalformedBody`, `PayloadTooLarge`, `InvalidSubmission`
        with the faults, `PluginFailure`.
        """
        body = json_body(content, self._limit)
        return self._pipeline.prepare_body(body, lenient=lenient).warnings

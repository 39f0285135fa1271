"""A promise of a plugin that was found broken, on its way to the list of findings."""

from shopdb_core.conformance.finding import Finding


class Broken(Exception):
    """Carries the finding; a check raises it where going on would only tell consequences."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding

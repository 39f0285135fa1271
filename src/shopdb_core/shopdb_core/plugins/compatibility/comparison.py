"""Two releases of a plugin: what changed between them, and whether the version says so."""

from collections.abc import Iterator
from dataclasses import dataclass

from shopdb_core.errors import ConfigurationError
from shopdb_core.plugins.compatibility.changes import Change, step_of
from shopdb_core.plugins.compatibility.compare import compare_declarations
from shopdb_core.plugins.compatibility.declared import Declared
from shopdb_core.plugins.compatibility.versions import shortfall
from shopdb_hookspecs import JsonObject


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes from one release to the next; `shortfall` says what the version lacks, if anything."""

    old: Declared
    new: Declared
    changes: tuple[Change, ...]
    shortfall: str

    def as_json(self) -> JsonObject:
        """Return it as `--json` prints it."""
        return {
            "old": self.old.version or None,
            "new": self.new.version or None,
            "step": str(step_of(self.changes)),
            "shortfall": self.shortfall or None,
            "changes": [
                {
                    "place": each.place,
                    "step": str(each.step),
                    "sentence": each.sentence,
                    "remedy": each.remedy,
                }
                for each in self.changes
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield it as people read it."""
        needed = step_of(self.changes)
        verdict = f"these changes need a {needed} version" if self.changes else "nothing changed"
        yield f"{self.new.name} {self.new.version} against {self.old.version}: {verdict}"
        for change in self.changes:
            yield f"    {change.step!s:5}  {change.place or '/'}: {change.sentence}"
            if change.remedy:
                yield f"           {change.remedy}"


def compare_releases(old: Declared, new: Declared) -> Comparison:
    """Compare two releases of one plugin; raises `ConfigurationError` for those of two."""
    if old.name != new.name:
        raise ConfigurationError(f"{old.name} and {new.name} are two plugins: compare releases of one.")
    changes = tuple(compare_declarations(old.declaration, new.declaration))
    return Comparison(old, new, changes, shortfall(step_of(changes), old.version, new.version))

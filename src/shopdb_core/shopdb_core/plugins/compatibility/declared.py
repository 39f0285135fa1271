"""What one release of a plugin declares, told by a process that knows no other release."""

from dataclasses import asdict, dataclass

from shopdb_core.errors import ConfigurationError, ShopDBError
from shopdb_core.plugins.candidates import installed_candidate
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import Admission
from shopdb_hookspecs import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Declared:
    """A sound declaration, and the release that it is of."""

    name: str
    distribution: str
    version: str
    declaration: JsonObject


def declared(name: str) -> Declared:
    """Load one installed plugin without the wrappers of others.

    Raises `NotFound` for one that is not installed, `ConfigurationError` for one that cannot serve or has no
    collector.
    """
    installed_candidate(name)
    plugin = load_plugins(Admission(frozenset({name}))).get(name)
    if plugin is None or plugin.collector is None:
        reason = plugin.reason if plugin else ""
        raise ConfigurationError(f"The plugin {name} declares nothing: {reason or 'it has no collector'}.")
    collector = plugin.collector
    return Declared(name, collector.distribution, collector.version, collector.declaration)


def answer_for(name: str) -> JsonObject:
    """Return what `read_declared` reads."""
    try:
        return asdict(declared(name))
    except ShopDBError as error:
        return {"refused": str(error)}


def read_declared(answer: Json) -> Declared:
    """Read what another process answered; raises `ConfigurationError` with the sentence of a refusal."""
    if "refused" in answer:
        raise ConfigurationError(answer["refused"])
    return Declared(**answer)

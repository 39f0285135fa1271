"""What `shopdb config` shows of the settings: each value without its secrets, and where it is from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shopdb_core.settings.environment import given_variables
from shopdb_core.settings.records import all_settings
from shopdb_core.settings.setting import FILE, MASK, Setting

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A variable, its value as text, `None` if it has none, and its source.

    The source is `environment`, `.env`, `file PATH`, or `default`.
    """

    variable: str
    value: str | None
    source: str


def shown_settings(environ: Mapping[str, str], dotenv: Mapping[str, str]) -> Iterator[ShownSetting]:
    """Yield every setting, those of plugins once for each plugin that has a variable; nothing is parsed."""
    for setting in all_settings():
        variables = given_variables(setting, {**dotenv, **environ})
        for variable in variables:
            yield _shown(setting, variable, environ, dotenv)
        if not variables:
            yield ShownSetting(setting.variable, setting.default, DEFAULT)


def _shown(
    setting: Setting, variable: str, environ: Mapping[str, str], dotenv: Mapping[str, str]
) -> ShownSetting:
    for source, variables in (("environment", environ), (".env", dotenv)):
        if variable in variables:
            return ShownSetting(variable, setting.shown(variables[variable].strip()), source)
    path = {**dotenv, **environ}[f"{variable}{FILE}"]
    return ShownSetting(variable, MASK, f"file {path.strip()}")

"""What a setting is: one field of a record, with its variable, its parser and its documentation.

`setting` declares a field. Reading, the check for unknown names, `shopdb config`, docs/settings.md and
.env.example follow from the declarations alone.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import Field, dataclass, field, fields
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

Parse: TypeAlias = Callable[[str, str], object]
"""Reads the value of a variable, given its name and text; raises `ConfigurationError` that names it."""

Group = Literal[
    "Secrets",
    "Database",
    "Server",
    "Submissions",
    "Plugins",
    "Assets and audit",
    "Identity provider",
    "Command line",
]

GROUPS: tuple[Group, ...] = get_args(Group)
"""In the order of the documentation."""

PLUGIN = "<PLUGIN>"
FILE = "_FILE"
MASK = "********"

_DECLARED = "setting"
_PLUGIN_NAME = "([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*?)"
_PASSWORD = re.compile(r"(//[^/@:]*:)(.*)(?=@)|([?&][^=&]*(?:pass|secret)[^=&]*=)([^&]*)", re.IGNORECASE)


def mask(_value: str) -> str:
    """Return what is shown of a secret."""
    return MASK


def mask_password(url: str) -> str:
    """Return the URL without its passwords."""
    return _PASSWORD.sub(lambda found: f"{found[1] or found[3]}{MASK}", url)


def passwords_in(url: str) -> list[str]:
    """Return the passwords of a URL: that of its user, and those among its parameters."""
    return [found[2] or found[4] for found in _PASSWORD.finditer(url)]


@dataclass(frozen=True, slots=True)
class Setting:
    """The declaration of one setting.

    - `variable`: its name; with `<PLUGIN>` in it, each plugin has a variable.
    - `parse`: reads the text of the variable, without white space around it, and never an empty one.
    - `about`: one or two sentences for docs/settings.md, in Markdown.
    - `default`: the text that gives the default, `None` if there is none; then `otherwise` says what holds.
    - `conceal`: what is shown of a value that is or has a secret. Such a value may be in a file, which the
      variable with `_FILE` after its name names; that name must then fit no other setting.
    - `example`: a value for `.env.example`, where the default is not a good one.
    """

    variable: str
    parse: Parse
    about: str
    group: Group
    default: str | None = None
    otherwise: str = "none"
    conceal: Callable[[str], str] | None = None
    required: bool = False
    example: str | None = None

    @property
    def is_of_plugin(self) -> bool:
        """Whether each plugin has a variable."""
        return PLUGIN in self.variable

    def shown(self, value: str) -> str:
        """Return what may be shown of a value."""
        return self.conceal(value) if self.conceal else value

    @property
    def names(self) -> tuple[str, ...]:
        """The variable, and the one that names a file with its value if there may be one."""
        return (self.variable, f"{self.variable}{FILE}") if self.conceal else (self.variable,)

    def given_in(self, variables: Iterable[str], others: Collection[str] = ()) -> list[str]:
        """Return the variables of this setting that are set, by themselves or with `_FILE`, in sorted order.

        `others` are the names of settings that are not of a plugin: COLLECTOR_API_KEY_FILE is not the key of
        a plugin named `file`.
        """
        if not self.is_of_plugin:
            return [self.variable] if not set(self.names).isdisjoint(variables) else []
        plugins = {self.plugin_of(each) for each in variables if each not in others} - {""}
        return [self.variable.replace(PLUGIN, plugin.upper()) for plugin in sorted(plugins)]

    def plugin_of(self, variable: str) -> str:
        """Return the name of the plugin that a variable of this setting is for, or an empty text."""
        before, _, after = map(re.escape, self.variable.partition(PLUGIN))
        file = f"(?:{FILE})?" if self.conceal else ""
        found = re.fullmatch(f"{before}{_PLUGIN_NAME}{after}{file}", variable) if self.is_of_plugin else None
        return found[1].lower() if found else ""


def setting(
    variable: str, parse: Parse, about: str, *, group: Group, absent: object = None, **more: Any
) -> Any:
    """Return the field of a record that a variable sets.

    Its default is `parse` of the `default`, or `absent` where there is none, or an empty mapping for a
    setting of plugins. `more` are the other attributes of `Setting`; a required setting has no default.
    """
    declared = Setting(variable, parse, about, group, **more)
    options: dict[str, Any] = {"metadata": {_DECLARED: declared}, "repr": declared.conceal is None}
    if declared.required:
        return field(**options)
    if declared.is_of_plugin:
        return field(default_factory=dict, **options)
    if declared.default is None:
        return field(default=absent, **options)
    return field(default_factory=partial(parse, variable, declared.default), **options)


def declared_in(record: type[Any]) -> dict[str, Setting]:
    """Return the settings that a record's fields declare, by the name of the field."""
    found: tuple[Field[Any], ...] = fields(record)
    return {each.name: each.metadata[_DECLARED] for each in found if _DECLARED in each.metadata}

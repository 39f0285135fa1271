"""The records that hooks return and receive."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, or a list or dict of them."""

JsonObject: TypeAlias = Mapping[str, Json]
"""A JSON object, such as a submission or the fields of an asset. Treat it as read-only."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a report, which its reader passes in the query.

    `rows` receives it converted to `type`. If the reader omits it, an optional parameter is `default`, and a
    `required` one is an error.
    """

    name: str
    type: Literal["string", "integer", "number"]
    description: str
    default: str | int | float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A named, read-only query.

    `rows(connection, **parameters)` receives a read-only SQLAlchemy connection, which is rolled back
    afterwards. It yields one sequence for each row, with a JSON scalar for each of `columns`. The order of
    rows must be stable, since readers request them page by page.

    `attention` is a sentence for a report whose rows need somebody's attention, such as "Printers that need
    toner or paper": the overview of a site shows it with the number of rows, without arguments. `category`
    and `number` are the names of two columns, of which a page draws bars: the sum of the numbers of each
    category.
    """

    name: str
    title: str
    columns: Sequence[str]
    rows: Callable[..., Iterable[Sequence[Json]]]
    parameters: Sequence[Parameter] = field(default=())
    attention: str | None = None
    category: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page of an asset that the plugin draws itself, below the fields.

    `data(attributes)` receives the fields of the asset that fit the declaration, and returns a JSON object,
    or `None` for no panel. `template` is the file of a Jinja template, which receives the members of that
    object by name. Every value is escaped, the environment is a sandbox, and the page forbids scripts and
    styles of its own: draw with SVG.
    """

    name: str
    title: str
    template: Path
    data: Callable[[JsonObject], JsonObject | None]


@dataclass(frozen=True, slots=True)
class AssetWrite:
    """One asset that was created or updated, for `store_assets`: what `store_asset` receives of it.

    `before` is `None` for a new asset; else `before` and `after` are all fields of the asset. `rebuilt` is
    whether `shopdb plugin rebuild` writes the rows of an asset anew, as those of a new one.
    """

    assetid: int
    before: JsonObject | None
    after: JsonObject
    rebuilt: bool = False


@dataclass(frozen=True, slots=True)
class AssetChange:
    """The change of an asset by one committed submission: what observers receive of its audit entry.

    `at` is in UTC with its zone, `diff` has the changed fields, `volatileonly` is true if all of them are
    marked `x-volatile`, `actor` is `collector:<plugin>`.
    """

    auditid: int
    at: datetime
    plugin: str
    action: Literal["created", "updated"]
    assetid: int
    identityvalue: str
    diff: JsonObject
    volatileonly: bool
    actor: str
    requestid: str

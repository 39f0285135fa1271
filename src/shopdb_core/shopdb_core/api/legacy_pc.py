"""`POST /api/collector/pc`: the deprecated endpoint of imaging pipelines (contract 9), in this module alone.

It submits to the collector of computers, with its key, in the spellings that scripts of Windows send. To
remove it, delete this module and the two lines of `app.py` that name it (ADR 0042).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import ClassVar

import falcon

from shopdb_core.api.submissions import DRY_RUN, read_options, submission_operation, write_result
from shopdb_core.errors import Fault, InvalidSubmission
from shopdb_core.intake.decoding import read_document
from shopdb_core.json_text import pointer
from shopdb_core.outcomes.records import LEGACY, UNAUTHENTICATED
from shopdb_core.site import Site
from shopdb_core.web.operations import Operation, Operations
from shopdb_core.web.parameters import Queries
from shopdb_core.web.request import Roles, WebApp, read_json
from shopdb_hookspecs import Json, JsonObject

COLLECTOR = "computers"
SUCCESSOR = f"/api/collector/{COLLECTOR}"

DEPRECATED = datetime(2026, 11, 27, tzinfo=UTC)
SUNSET = datetime(2027, 12, 31, tzinfo=UTC)

SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "hostname": ("ComputerName", "PCName", "MachineName", "CsName", "Name"),
        "serialnumber": ("Serial", "ServiceTag", "BiosSerialNumber", "BiosSeralNumber"),
        "uuid": ("SystemUUID",),
        "macaddress": ("MAC", "MACAddr"),
        "manufacturer": ("CsManufacturer", "Vendor"),
        "model": ("CsModel", "PCModel"),
        "architecture": ("Processor_Architecture",),
        "formfactor": ("ChassisType", "ChassisTypes"),
        "biosversion": ("SMBIOSBIOSVersion", "BiosSMBIOSBIOSVersion"),
        "osname": ("OS", "OperatingSystem", "Caption"),
        "osversion": ("Version", "Build", "OSBuild"),
        "lastboottime": ("BootTime", "LastBoot", "LastBootUpTime", "OsLastBootUpTime"),
        "currentuser": ("User", "UserName", "CsUserName", "LoggedOnUser"),
        "ipaddress": ("IP", "IPv4", "IPv4Address"),
        "memorygb": (
            "RAM",
            "RAMGB",
            "RAMMB",
            "Memory",
            "MemoryMB",
            "TotalPhysicalMemory",
            "CsTotalPhysicalMemory",
        ),
        "cputype": ("CPU", "CPUName", "Processor", "ProcessorName"),
        "imagename": ("Image", "ImageVersion"),
        "imageappliedat": ("ImageDate", "ImagedAt"),
        "installedsoftware": ("Software", "Programs", "InstalledPrograms", "Applications"),
    }
)
"""The other spellings of a field: of scripts, of `Get-ComputerInfo` and its misspelt property, of `Win32_…`.

Names are compared without case, those of the fields too, and so are these of an item of `installedsoftware`.
"""

PROGRAM_SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "name": ("DisplayName",),
        "version": ("DisplayVersion",),
        "publisher": ("Vendor",),
        "installdate": (),
    }
)

UNITS: Mapping[str, int] = MappingProxyType(
    {"ramgb": 2**30, "rammb": 2**20, "memorymb": 2**20, "totalphysicalmemory": 1, "cstotalphysicalmemory": 1}
)
"""The bytes in one unit of a memory, by its spelling."""

MEBIBYTES_FROM = 1024
BYTES_FROM = 2**28
"""A memory without a unit, such as `RAM`, is in GiB below the first number, and in MiB below the second."""

_UNIT_OF_TEXT: Mapping[str, int] = MappingProxyType({"b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40})
_SIZE = re.compile(r"([0-9]{1,18}(?:[.][0-9]{1,9})?) ?(?:([KMGT])i?B|(B))?", re.IGNORECASE)


def install(app: WebApp, site: Site) -> None:
    """Route the endpoint, unless the site has turned it off; its answers announce its end."""
    if site.settings.legacy_pc:
        app.add_route("/api/collector/pc", LegacyPcResource(site))
        app.add_middleware(_Announcement(site))


class LegacyPcResource:
    """Takes one submission to the collector of computers, in its own or in other spellings."""

    roles: ClassVar[Roles] = {"POST": "collector"}
    queries: ClassVar[Queries] = {"on_post": DRY_RUN}
    collector: ClassVar[str] = COLLECTOR

    def __init__(self, site: Site) -> None:
        self._site = site

    def operation(self) -> Operation:
        """Return the operation: it takes any object, since only the collector checks the values."""
        announced = ("Deprecation", "Sunset", "Link")
        known = {name: {"description": f"The field {field}."} for name, field in _NAMES.items()}
        schema = {"title": "LegacySubmission", "type": "object", "properties": known}
        collector = self._site.plugins.collectors().get(COLLECTOR)
        one = submission_operation(schema, collector.examples if collector else ())
        return replace(one, sends=(*one.sends, *announced), deprecated=True)

    operations: ClassVar[Operations] = {"on_post": operation}

    def on_post(self, req: falcon.Request, resp: falcon.Response, plugin: str) -> None:
        """Submit to the collector of computers; deprecated, use its own address."""
        options = read_options(req, plugin)
        document = read_document(read_json(req, self._site.settings.max_body_bytes))
        submission, renamed = to_fields(document.content)
        warnings = (*options.origin.warnings, *document.warnings, _warning(renamed))
        result = self._site.submissions.submit(
            plugin,
            submission,
            replace(options.origin, warnings=warnings),
            dryrun=options.dryrun,
            lenient=options.lenient,
        )
        write_result(resp, result, options)


class _Announcement:
    """Middleware: every answer of the endpoint announces its end and its successor, and is counted."""

    def __init__(self, site: Site) -> None:
        self._recorder = site.recorder

    def process_response(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        resource: object,
        _succeeded: bool,  # noqa: FBT001  # Falcon's signature
    ) -> None:
        """Set the headers (RFC 9745, RFC 8594, RFC 5829), and count what had a valid key by its source."""
        if not isinstance(resource, LegacyPcResource):
            return
        resp.set_header("Deprecation", f"@{int(DEPRECATED.timestamp())}")
        resp.set_header("Sunset", format_datetime(SUNSET, usegmt=True))
        resp.set_header("Link", f'<{SUCCESSOR}>; rel="successor-version"')
        context, status = req.context, resp.status_code
        dryrun = getattr(context, "query", {}).get("dryrun")
        if context.submits and status not in UNAUTHENTICATED and not dryrun:
            self._recorder.count(LEGACY, resp.media.get("action") or str(status), context.source)


def to_fields(submission: JsonObject) -> tuple[dict[str, Json], dict[str, str]]:
    """Return a submission in the fields of the collector, and which field each other spelling is.

    Names that are not in the table stay. Raises `InvalidSubmission` for two spellings with different values.
    """
    values = {name: _value(name, value) for name, value in submission.items()}
    return _renamed(values, _FIELDS, ())


def _renamed(
    members: JsonObject, known: Mapping[str, str], path: tuple[str | int, ...]
) -> tuple[dict[str, Json], dict[str, str]]:
    found: dict[str, Json] = {}
    given: dict[str, str] = {}
    for name, value in members.items():
        field = known.get(name.casefold(), name)
        if field in found and found[field] != value:
            raise _contradiction(field, given[field], name, path)
        found[field], given[field] = value, name
    return found, {name: field for field, name in given.items() if name != field}


def _contradiction(field: str, first: str, second: str, path: tuple[str | int, ...]) -> InvalidSubmission:
    both = f"{first} and {second} are both the field {field}, and their values differ; send one of them"
    fault = Fault(pointer((*path, second)), "spelling", both)
    return InvalidSubmission(f"The submission does not fit the collector {LEGACY}: {both}.", [fault])


def _warning(renamed: Mapping[str, str]) -> str:
    """Return the one warning of a request: where to submit, and which names to replace."""
    names = ", ".join(f"{name} is {field}" for name, field in renamed.items())
    sentence = f"{LEGACY}: this endpoint ends on {SUNSET:%Y-%m-%d}; submit to {SUCCESSOR}"
    return f"{sentence}, where {names}" if names else sentence


def _value(name: str, value: Json) -> Json:
    convert = _CONVERSIONS.get(_FIELDS.get(name.casefold(), ""))
    return convert(name, value) if convert else value


def _first(_name: str, value: Json) -> Json:
    """Return the first of several addresses, as `Win32_NetworkAdapterConfiguration` has them."""
    return value[0] if isinstance(value, list) and value else value


def _gibibytes(name: str, value: Json) -> Json:
    """Return a memory in GiB, to one decimal; a value that is not a size stays as it is."""
    spelling = name.casefold()
    read = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if read and (unit := read[2] or read[3]):
        return round(float(read[1]) * _UNIT_OF_TEXT[unit.lower()] / 2**30, 1)
    size = float(read[1]) if read else value
    if isinstance(size, bool) or not isinstance(size, int | float) or not 0 <= size < 2**63:
        return value
    return size if spelling == "memorygb" else round(size * UNITS.get(spelling, _usual_unit(size)) / 2**30, 1)


def _usual_unit(size: float) -> int:
    """Return the bytes of the unit that a size without one usually has."""
    if size < MEBIBYTES_FROM:
        return 2**30
    return 2**20 if size < BYTES_FROM else 1


def _programs(name: str, value: Json) -> Json:
    """Return programs in the members of the schema, also in the forms that PowerShell makes of a list."""
    if isinstance(value, list):
        return [_program((name, index), item) for index, item in enumerate(value)]
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        return {**value, "value": _programs(name, value["value"])}
    return _program((name,), value)


def _program(path: tuple[str | int, ...], item: Json) -> Json:
    return _renamed(item, _MEMBERS, path)[0] if isinstance(item, dict) else item


def _fields(table: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the field of each spelling, the field's own name included."""
    return {name: field for field, names in table.items() for name in (field, *names)}


def _without_case(fields: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType({name.casefold(): field for name, field in fields.items()})


_NAMES = MappingProxyType(_fields(SPELLINGS))
_FIELDS = _without_case(_NAMES)
_MEMBERS = _without_case(_fields(PROGRAM_SPELLINGS))
_CONVERSIONS: Mapping[str, Callable[[str, Json], Json]] = MappingProxyType(
    {"ipaddress": _first, "memorygb": _gibibytes, "installedsoftware": _programs}
)

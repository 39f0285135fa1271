"""The language, the time zone and the theme in which a browser sees the pages.

Texts are translated by gettext catalogues: `translations/*.po` here, and those of the site
(SHOPDB_TRANSLATIONS). Numbers and times are written by Babel, as the language does it.
"""

import io
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, cached_property, lru_cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from zoneinfo import ZoneInfo

import falcon
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from shopdb_core.clock import Clock
from shopdb_core.console.framework.pages import LANGUAGE_COOKIE, THEME_COOKIE
from shopdb_core.console.framework.sentences import translate
from shopdb_core.console.framework.static import CONSOLE

ENGLISH = "en"
TRANSLATIONS = CONSOLE / "translations"
HOUR, DAY = 3_600, 86_400
THEMES = ("auto", "light", "dark")

ZONE_COOKIE = "shopdb-zone"
"""Set by the script, which alone knows the zone of the browser."""

_logger = logging.getLogger(__name__)
_WEIGHT = re.compile(r"q=([01](?:\.[0-9]{0,3})?)")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,20}(/[A-Za-z0-9_+-]{1,20}){0,2}")
_MOST_WANTED = 20


@dataclass(frozen=True, slots=True)
class Language:
    """How one request's page is written: `code` names the language, times are in `zone`."""

    code: str
    translations: NullTranslations
    zone: tzinfo
    theme: str
    now: datetime

    def gettext(self, message: str, **values: object) -> str:
        """Return the translation of a text, with values in the places `%(name)s`."""
        translated = self.translations.gettext(message)
        return translated % values if values else translated

    def sentence(self, text: str) -> str:
        """Return a sentence of a layer below in this language, if the catalogue has it."""
        return text if isinstance(text, Markup) else translate(self.gettext, text)

    def time(self, moment: datetime | str | None, form: str = "medium") -> Markup:
        """Return an element `time` in the viewer's zone, with the exact value in UTC as its title."""
        if moment is None:
            return Markup("&ndash;")
        return _written_time(_moment(moment), self.zone, form, self.code)

    def ago(self, moment: datetime | str | None) -> Markup:
        """Return how long ago a moment was, such as "3 hours ago", with the exact value as its title."""
        if moment is None:
            return Markup("&ndash;")
        exact = _moment(moment)
        return _time(exact, _ago(self.code, _coarse((exact - self.now).total_seconds())))

    def day(self, day: date | str, form: str = "medium") -> str:
        """Return a day."""
        exact = date.fromisoformat(day) if isinstance(day, str) else day
        return _written_day(exact, form, self.code)

    def number(self, number: float) -> str:
        """Return a number with the separators of the language."""
        return _written(number, self.code)


@cache
def _locale(code: str) -> Locale:
    """Return the locale of a language that has a catalogue; Babel would parse the code each time."""
    return Locale.parse(code)


@lru_cache(4096)
def _written(number: float, code: str) -> str:
    """Return a number as a language writes it; pages have the same few again and again."""
    return format_decimal(number, locale=_locale(code))


@lru_cache(4096)
def _written_day(day: date, form: str, code: str) -> str:
    return format_date(day, form, locale=_locale(code))


@lru_cache(4096)
def _written_time(exact: datetime, zone: tzinfo, form: str, code: str) -> Markup:
    return _time(exact, format_datetime(exact.astimezone(zone), form, locale=_locale(code)))


class Languages:
    """The languages of a site: English, those that ShopDB has, and those of the site's own folder."""

    def __init__(self, folder: Path | None, zone: tzinfo, clock: Clock) -> None:
        self._catalogues = _catalogues([TRANSLATIONS, *([folder] if folder else [])])
        self._zone = zone
        self._clock = clock

    @cached_property
    def names(self) -> Mapping[str, str]:
        """The name of each language in itself, by its code."""
        return {code: Locale.parse(code).get_display_name(code) or code for code in self._catalogues}

    def of(self, req: falcon.Request) -> Language:
        """Return how to write the page of a request: as its cookies say, else as its headers do."""
        wanted = [_cookie(req, LANGUAGE_COOKIE), *_wanted(req.get_header("Accept-Language") or "")]
        code = next((found for each in wanted if (found := self._known(each))), ENGLISH)
        theme = _cookie(req, THEME_COOKIE)
        return Language(
            code,
            self._catalogues[code],
            _zone(_cookie(req, ZONE_COOKIE)) or self._zone,
            theme if theme in THEMES else THEMES[0],
            self._clock(),
        )

    def _known(self, wanted: str) -> str | None:
        """Return the code of a language, or of the one that it is a form of, such as `de` for `de-AT`."""
        code = wanted.replace("-", "_")
        return next((each for each in (code, code.partition("_")[0]) if each in self._catalogues), None)


def _catalogues(folders: Sequence[Path]) -> dict[str, NullTranslations]:
    found: dict[str, NullTranslations] = {ENGLISH: NullTranslations()}
    for path in (path for folder in folders for path in sorted(folder.glob("*.po"))):
        if _is_locale(path.stem):
            loaded = _load(path)
            if path.stem in found and path.stem != ENGLISH:
                loaded.add_fallback(found[path.stem])
            found[path.stem] = loaded
    return found


def _is_locale(code: str) -> bool:
    try:
        Locale.parse(code)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _load(path: Path) -> GNUTranslations:
    """Return a catalogue, compiled in memory: a compiled file beside it could be out of date.

    A translation without the values of its text, or with others, is left out: the page would fail.
    """
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    for message, faults in list(catalogue.check()):
        _logger.warning("%s: the translation of %r is left out: %s", path, message.id, faults[0])
        catalogue.delete(message.id, message.context)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _wanted(header: str) -> Iterable[str]:
    """Return the languages of `Accept-Language` (RFC 9110, section 12.5.4), the most wanted first."""
    ranges = [part.strip().partition(";") for part in header[:500].split(",")[:_MOST_WANTED]]
    weights = [
        (float(found[1]) if (found := _WEIGHT.search(rest)) else 1.0, name) for name, _, rest in ranges
    ]
    return [name.strip() for weight, name in sorted(weights, key=lambda each: -each[0]) if weight]


def _cookie(req: falcon.Request, name: str) -> str:
    values = req.get_cookie_values(name) or ("",)
    return values[0]


@cache
def _zone_named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None


def _zone(name: str) -> ZoneInfo | None:
    return _zone_named(name) if _ZONE.fullmatch(name) else None


def _moment(moment: datetime | str) -> datetime:
    found = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _time(exact: datetime, shown: str) -> Markup:
    utc = exact.astimezone(UTC)
    title = utc.isoformat(" ").replace("+00:00", " UTC")
    value = utc.isoformat().replace("+00:00", "Z")
    return Markup(f'<time datetime="{value}" title="{title}">{escape(shown)}</time>')  # noqa: S704  # digits


@lru_cache(4096)
def _ago(code: str, seconds: int) -> str:
    return format_timedelta(timedelta(seconds=seconds), add_direction=True, locale=_locale(code))


def _coarse(seconds: float) -> int:
    """Return a difference of times in whole minutes or hours if it is long: a list has hundreds of them.

    Less than a second is the last one, not the next.
    """
    step = 1 if abs(seconds) < HOUR else 60 if abs(seconds) < DAY else HOUR
    return int(seconds / step) * step or -1

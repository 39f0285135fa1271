"""The settings of a site, as frozen records: each field that a variable sets is declared here alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings.parts import ClientSettings, IntakeSettings, OidcSettings, PluginSelection
from shopdb_core.settings.secrets import AUDIT_KEY, METRICS_TOKEN, SECRET_KEY, SHARED_KEY, secret_findings
from shopdb_core.settings.setting import GROUPS, PLUGIN, Setting, declared_in, mask, mask_password, setting
from shopdb_core.settings.values import (
    Network,
    http_url,
    is_loopback,
    read_address,
    read_audit_keys,
    read_choice,
    read_days,
    read_flag,
    read_hours,
    read_keys,
    read_networks,
    read_origins,
    read_parallel,
    read_path,
    read_secret_keys,
    read_sources,
    read_switch,
    read_unchanged,
    read_url,
    read_whole_days,
)

OnMatch = Literal["flag", "adopt"]
Environment = Literal["production", "development"]
LogFormat = Literal["text", "json"]

DEFAULT_DATABASE_URL = "sqlite:///shopdb.sqlite3"
DEFAULT_LISTEN = "127.0.0.1:8080"
DEFAULT_ONMATCH: OnMatch = "flag"
DEFAULT_ADOPT_AFTER_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(IntakeSettings):
    """All settings of one site.

    - `collector_keys`: the keys of each plugin that has its own; `shared_keys` are valid for the others. Each
      is a key or `NAME:KEY` (`named_key`).
    - `onmatch`, `adopt_after_hours`, `sources`: by the name of the plugin; one that is not in it has the
      default.
    - `old_secret_keys`, `audit_keys`: both verify what was signed or sealed with them; the first of the
      `audit_keys` seals, or `secret_key` if there are none (`sealing_keys`).
    - `oidc`: the site's identity provider; `None`: users have passwords here.

    Raises `ConfigurationError` for a weak secret, and for a key that is one of the `secret_keys`.
    """

    secret_key: str = setting(
        SECRET_KEY,
        read_secret_keys,
        "signs tokens; at least 32 characters. Two values separated by a comma are a "
        "[rotation](deploy.md#keys-and-tokens): the first signs, both are accepted. A value with a "
        "comma is one key unless both parts have 32 characters",
        group="Secrets",
        conceal=mask,
        required=True,
        example="replace-me-with-the-output-of-shopdb-init",
    )
    old_secret_keys: tuple[str, ...] = field(default=(), repr=False)
    audit_keys: tuple[str, ...] = setting(
        AUDIT_KEY,
        read_audit_keys,
        "the key of the audit's hashes; two values as for `SECRET_KEY`. Where it is not set, the hashes "
        "use `SECRET_KEY`. Without the right key `shopdb audit verify` verifies nothing; [to change "
        "it](deploy.md#the-audits-key)",
        group="Secrets",
        absent=(),
        conceal=mask,
        example="replace-me-with-the-output-of-shopdb-init",
    )
    shared_keys: tuple[str, ...] = setting(
        SHARED_KEY,
        read_keys,
        "the keys of every collector without keys of its own: up to sixteen, separated by commas, each a "
        "key or `name:key`; the name is the [source](contract.md#sources) of what is submitted with it",
        group="Secrets",
        absent=(),
        conceal=mask,
        example="replace-me-with-the-output-of-shopdb-init",
    )
    collector_keys: Mapping[str, tuple[str, ...]] = setting(
        f"{SHARED_KEY}_{PLUGIN}",
        read_keys,
        "the keys of one collector, likewise, its name in upper case: `COLLECTOR_API_KEY_PRINTERS`",
        group="Secrets",
        conceal=mask,
        example="replace-me-with-the-output-of-shopdb-init",
    )
    database_url: str = setting(
        "SHOPDB_DATABASE_URL",
        read_unchanged,
        "where the database is, as a SQLAlchemy URL: a SQLite file, relative to the working directory or "
        "absolute with four slashes; or a [database on a server](databases.md), as "
        "`postgresql://user:password@host:port/name`, `mysql://…` or `mariadb://…`; also "
        "[a cluster](scaling.md)",
        group="Database",
        default=DEFAULT_DATABASE_URL,
        conceal=mask_password,
    )
    pool_size: int | None = setting(
        "SHOPDB_POOL_SIZE",
        read_parallel,
        "how many connections to a database server each process keeps",
        group="Database",
        otherwise="one for each thread",
        example="8",
    )
    env: Environment | None = setting(
        "SHOPDB_ENV",
        read_choice("production", "development"),
        "in `production` a server does not start with [what is not safe there](deploy.md#production)",
        group="Server",
        otherwise="`production` where `SHOPDB_LISTEN` is not a loopback address, else `development`",
        example="production",
    )
    listen: tuple[str, int] = setting(
        "SHOPDB_LISTEN",
        read_address,
        "address and port of `shopdb serve`; port 0 is any free port",
        group="Server",
        default=DEFAULT_LISTEN,
    )
    trusted_proxies: tuple[Network, ...] = setting(
        "SHOPDB_TRUSTED_PROXIES",
        read_networks,
        "the proxies whose `X-Forwarded-For` gives the client's address, and whose `X-Forwarded-Proto` "
        "says whether it came by TLS, as addresses or networks separated by commas: "
        "`127.0.0.1,10.0.0.0/24` ([why](deploy.md#the-address-of-a-client))",
        group="Server",
        absent=(),
        example="127.0.0.1",
    )
    public_url: str | None = setting(
        "SHOPDB_PUBLIC_URL",
        read_url,
        "the address that people open in a browser; with `https:` cookies are sent by TLS alone "
        "([browsers](people.md#browsers))",
        group="Server",
        otherwise="that of each request",
        example="https://shopdb.example.com",
    )
    translations: Path | None = setting(
        "SHOPDB_TRANSLATIONS",
        read_path,
        "a folder, relative to the working directory, with [translations of the "
        "console](console.md#languages), such as `fr.po` for French",
        group="Server",
        example="translations",
    )
    cors_origins: tuple[str, ...] = setting(
        "SHOPDB_CORS_ORIGINS",
        read_origins,
        "the origins whose pages a browser lets use the API, separated by commas, each exactly as the "
        "browser sends it; [none by default](deploy.md#security-headers-and-cors)",
        group="Server",
        absent=(),
        example="https://dashboard.example.com",
    )
    log: LogFormat = setting(
        "SHOPDB_LOG",
        read_choice("text", "json"),
        "the form of the [log](deploy.md#the-log): readable lines, or a JSON object on each line",
        group="Server",
        default="text",
    )
    threads: int = setting(
        "SHOPDB_THREADS",
        read_parallel,
        "how many requests each process handles at once, and how many connections read from SQLite",
        group="Server",
        default="8",
    )
    workers: int = setting(
        "SHOPDB_WORKERS",
        read_parallel,
        "how many processes serve: [how many to choose](deploy.md#workers-and-threads); more than one on "
        "Linux only, with the extra `workers`",
        group="Server",
        default="1",
    )
    debug: bool = setting(
        "SHOPDB_DEBUG",
        read_flag,
        "with `1`, the log has what the database said when a plugin failed, which may quote what clients "
        "sent: [for plugin authors](cli.md#shopdb-serve)",
        group="Server",
        default="0",
    )
    metrics_token: str | None = setting(
        METRICS_TOKEN,
        read_unchanged,
        "the bearer token for the [metrics](deploy.md#metrics) at `/metrics`; at least 32 characters. "
        "Where it is not set, that address does not exist",
        group="Secrets",
        conceal=mask,
        example="replace-me-with-the-output-of-shopdb-init",
    )
    metrics_listen: tuple[str, int] | None = setting(
        "SHOPDB_METRICS_LISTEN",
        read_address,
        "an address and port that have the metrics without a token",
        group="Server",
        example="127.0.0.1:9180",
    )
    plugin_selection: PluginSelection = field(default_factory=PluginSelection)
    oidc: OidcSettings | None = None
    onmatch: Mapping[str, OnMatch] = setting(
        f"SHOPDB_{PLUGIN}_ONMATCH",
        read_choice("flag", "adopt"),
        "how a new identity with a known secondary identity is handled: `flag` creates an asset, with a "
        "warning; `adopt` gives the known asset the new identity (contract, section 4)",
        group="Plugins",
        default=DEFAULT_ONMATCH,
    )
    adopt_after_hours: Mapping[str, int] = setting(
        f"SHOPDB_{PLUGIN}_ADOPT_AFTER_HOURS",
        read_hours,
        "with `adopt`: for how many hours, from 0 to 8784, an asset must not have been submitted before "
        "another identity may take it (contract, section 4)",
        group="Plugins",
        default=str(DEFAULT_ADOPT_AFTER_HOURS),
    )
    sources: Mapping[str, tuple[str, ...]] = setting(
        f"SHOPDB_{PLUGIN}_SOURCES",
        read_sources,
        "the names of keys whose values win, the highest first, such as `glpi,pxe` "
        "([sources](contract.md#sources))",
        group="Plugins",
        example="glpi,pxe",
    )
    source_silence_days: int = setting(
        "SHOPDB_SOURCE_SILENCE_DAYS",
        read_whole_days,
        "after how many days without a submission of an asset a ranked source loses its rank there",
        group="Submissions",
        default="30",
    )
    legacy_pc: bool = setting(
        "SHOPDB_LEGACY_PC",
        read_switch,
        "`off` removes the [legacy endpoint](legacy.md) `/api/collector/pc`",
        group="Submissions",
        default="on",
    )
    site_fields: str | None = setting(
        "SHOPDB_SITE_FIELDS",
        read_unchanged,
        "a JSON Schema file, relative to the working directory, that declares the [fields of "
        "people](#site-fields) and the types of relationships",
        group="Assets and audit",
        example="site-fields.json",
    )
    webhooks: str | None = setting(
        "SHOPDB_WEBHOOKS",
        read_unchanged,
        "a TOML file, relative to the working directory, that names the [webhooks](webhooks.md)",
        group="Assets and audit",
        example="webhooks.toml",
    )
    audit_retention_days: int | None = setting(
        "SHOPDB_AUDIT_RETENTION_DAYS",
        read_days,
        "after how many days audit entries of changes are removed, up to 36500; `keep` keeps them forever "
        "([details](deploy.md#how-long-the-audit-is-kept))",
        group="Assets and audit",
        default="keep",
    )
    audit_noop_retention_days: int | None = setting(
        "SHOPDB_AUDIT_NOOP_RETENTION_DAYS",
        read_days,
        "the same for noops, and for changes of volatile fields alone; the two settings are independent",
        group="Assets and audit",
        default="30",
    )

    def __post_init__(self) -> None:
        """Refuse weak secrets, also those of settings that were not read from variables."""
        for finding in secret_findings(
            self.secret_keys,
            self.audit_keys,
            self.shared_keys,
            self.collector_keys,
            self.metrics_token,
        ):
            raise ConfigurationError(finding.message)

    @property
    def is_production(self) -> bool:
        """Whether a server with these settings must be safe for others than the users of this machine."""
        return self.env == "production" or (self.env is None and not is_loopback(self.listen[0]))

    def of_plugins(self) -> Iterator[tuple[str, str]]:
        """Yield each variable of a plugin that is set, and the name of the plugin."""
        for name, declared in declared_in(type(self)).items():
            for plugin in getattr(self, name) if declared.is_of_plugin else ():
                yield declared.variable.replace(PLUGIN, plugin.upper()), plugin

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The key that signs tokens, then the one it replaces."""
        return (self.secret_key, *self.old_secret_keys)

    @property
    def address(self) -> str:
        """The address that people open: the site's public one, or that on which the server listens."""
        return self.public_url or http_url(*self.listen)

    @property
    def sealing_keys(self) -> tuple[str, ...]:
        """The key that seals the audit, then the one it replaces."""
        return self.audit_keys or self.secret_keys


def all_settings() -> tuple[Setting, ...]:
    """Return every setting, in the order of the documentation."""
    records = (Settings, PluginSelection, OidcSettings, ClientSettings)
    settings = [each for record in records for each in declared_in(record).values()]
    return tuple(sorted(settings, key=lambda each: GROUPS.index(each.group)))

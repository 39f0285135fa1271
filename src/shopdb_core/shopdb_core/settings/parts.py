"""The settings that some commands read alone: plugins, what validation needs, the provider, the client."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shopdb_core.settings.setting import mask, setting
from shopdb_core.settings.values import (
    read_count,
    read_issuer,
    read_names,
    read_roles,
    read_timezone,
    read_unchanged,
)


@dataclass(frozen=True, slots=True)
class PluginSelection:
    """Which plugins are loaded, by name: those of the allow-list (`None`: all) that are not blocked."""

    plugins: frozenset[str] | None = setting(
        "SHOPDB_PLUGINS",
        read_names,
        "the plugins to load, separated by commas; a plugin that is not installed is a start-up error",
        group="Plugins",
        otherwise="all",
        example="computers,printers",
    )
    blocked: frozenset[str] = setting(
        "SHOPDB_BLOCKED_PLUGINS",
        read_names,
        "the plugins not to load, separated by commas; they are not imported",
        group="Plugins",
        absent=frozenset(),
        example="printers",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeSettings:
    """The settings that the validation of a submission depends on."""

    max_body_bytes: int = setting(
        "SHOPDB_MAX_BODY_BYTES",
        read_count,
        "the most bytes of a body, as sent and as inflated, and of a line of a batch; beyond it the "
        "answer is 413",
        group="Submissions",
        default="1048576",
    )
    timezone: ZoneInfo = setting(
        "SHOPDB_TIMEZONE",
        read_timezone,
        "the time zone of submitted date-times without an offset, by its IANA name",
        group="Submissions",
        default="UTC",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """The site's identity provider; `roles` gives the role here for each value of the claim `role_claim`.

    `audience` is what the provider's access tokens for this API name; ID tokens name the `client_id`.
    There is no provider without `issuer`, `client_id` and `roles`.
    """

    issuer: str = setting(
        "SHOPDB_OIDC_ISSUER",
        read_issuer,
        "the issuer of the site's [identity provider](people.md#an-identity-provider), exactly as in its "
        "tokens; with `https:`",
        group="Identity provider",
        example="https://login.example.com",
    )
    client_id: str = setting(
        "SHOPDB_OIDC_CLIENT_ID",
        read_unchanged,
        "the id of this site at the provider",
        group="Identity provider",
        example="shopdb",
    )
    roles: Mapping[str, str] = setting(
        "SHOPDB_OIDC_ROLES",
        read_roles,
        "which value of the claim gives which role: `shop-admins=admin,shop-staff=viewer`",
        group="Identity provider",
        example="shop-admins=admin,shop-staff=viewer",
    )
    client_secret: str | None = setting(
        "SHOPDB_OIDC_CLIENT_SECRET",
        read_unchanged,
        "its secret there; a public client has none",
        group="Identity provider",
        conceal=mask,
        example="the-secret-that-the-provider-gave",
    )
    audience: str = setting(
        "SHOPDB_OIDC_AUDIENCE",
        read_unchanged,
        "the `aud` of the provider's access tokens for this site",
        group="Identity provider",
        otherwise="the client id",
        example="shopdb",
    )
    role_claim: str = setting(
        "SHOPDB_OIDC_ROLE_CLAIM",
        read_unchanged,
        "the claim whose values give the role",
        group="Identity provider",
        default="roles",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSettings:
    """The URL of this site's server, and the key to submit with; `None` where none is set."""

    url: str
    key: str | None = setting(
        "SHOPDB_KEY",
        read_unchanged,
        "the key that `shopdb submit` sends where `--key` is not given; without both it sends this site's "
        "own key",
        group="Command line",
        conceal=mask,
        example="replace-me-with-a-key-of-the-server",
    )

"""From environment variables to settings."""

from pathlib import Path

import pytest

from shopdb_core.errors import ConfigurationError
from shopdb_core.settings import check_dotenv, read_client_settings, read_settings, with_dotenv

SECRET = "a-secret-key-for-tests-0123456789-abcdef"
KEY = "a-collector-key-for-tests-0123456789-abc"
MINIMAL = {"SECRET_KEY": SECRET}


def test_defaults():
    """SECRET_KEY is the only variable that must be set."""
    settings = read_settings(MINIMAL)
    assert settings.database_url == "sqlite:///shopdb.sqlite3"
    assert settings.listen == ("127.0.0.1", 8080)
    assert settings.max_body_bytes == 1_048_576
    assert settings.plugin_selection.plugins is None


def test_the_legacy_endpoint_is_switched_off_by_a_word():
    """It is on by default, and any other word than `on` and `off` is an error."""
    assert read_settings(MINIMAL).legacy_pc
    assert not read_settings(MINIMAL | {"SHOPDB_LEGACY_PC": "off"}).legacy_pc
    with pytest.raises(ConfigurationError, match="SHOPDB_LEGACY_PC is neither `on` nor `off`: 0"):
        read_settings(MINIMAL | {"SHOPDB_LEGACY_PC": "0"})


def test_everything_can_be_set():
    """Each variable sets its field."""
    settings = read_settings(
        MINIMAL
        | {
            "SHOPDB_DATABASE_URL": "sqlite:///x.db",
            "SHOPDB_LISTEN": "[::1]:80",
            "SHOPDB_THREADS": "3",
            "SHOPDB_WORKERS": "2",
            "SHOPDB_DEBUG": "1",
            "SHOPDB_POOL_SIZE": "4",
            "COLLECTOR_API_KEY": f"{KEY}, {KEY[::-1]}",
            "COLLECTOR_API_KEY_NET_GEAR": KEY,
            "SHOPDB_PLUGINS": "a, b",
            "SHOPDB_BLOCKED_PLUGINS": "c",
            "SHOPDB_MAX_BODY_BYTES": "5",
            "SHOPDB_TIMEZONE": "Europe/Berlin",
            "SHOPDB_NET_GEAR_ONMATCH": "adopt",
            "SHOPDB_NET_GEAR_ADOPT_AFTER_HOURS": "48",
        }
    )
    assert settings.database_url == "sqlite:///x.db"
    assert settings.listen == ("::1", 80)
    assert settings.threads == 3
    assert settings.workers == 2
    assert settings.debug
    assert settings.pool_size == 4
    assert settings.shared_keys == (KEY, KEY[::-1])
    assert settings.collector_keys == {"net_gear": (KEY,)}
    assert settings.plugin_selection.plugins == {"a", "b"}
    assert settings.plugin_selection.blocked == {"c"}
    assert settings.max_body_bytes == 5
    assert settings.timezone.key == "Europe/Berlin"
    assert settings.onmatch == {"net_gear": "adopt"}
    assert settings.adopt_after_hours == {"net_gear": 48}


@pytest.mark.parametrize("variable", ["SECRET_KEY", "COLLECTOR_API_KEY", "COLLECTOR_API_KEY_COMPUTERS"])
def test_a_secret_is_read_from_a_file(tmp_path, variable):
    """A variable with `_FILE` names a file that holds the secret."""
    file = tmp_path / "secret"
    file.write_text(f"{SECRET if variable == 'SECRET_KEY' else KEY}\n")
    environ = {**MINIMAL, f"{variable}_FILE": str(file)}
    if variable == "SECRET_KEY":
        del environ["SECRET_KEY"]
    settings = read_settings(environ)
    values = [settings.secret_key, *settings.shared_keys, *settings.collector_keys.get("computers", ())]
    assert file.read_text().strip() in values


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "a" * 64),
        ("SECRET_KEY", "replace-me-with-the-output-of-shopdb-init"),
        ("SHOPDB_AUDIT_KEY", ""),
        ("SHOPDB_AUDIT_KEY", "short"),
        ("SHOPDB_AUDIT_KEY", f"{KEY},short"),
        ("SHOPDB_AUDIT_KEY", f"{KEY},{KEY},{KEY}"),
        ("SECRET_KEY", f"{SECRET},{'a' * 64}"),
        ("COLLECTOR_API_KEY", ""),
        ("COLLECTOR_API_KEY", " "),
        ("COLLECTOR_API_KEY", "short"),
        ("COLLECTOR_API_KEY", f"{KEY},short"),
        ("COLLECTOR_API_KEY", f"{KEY},"),
        ("COLLECTOR_API_KEY", f"{KEY},{KEY},{KEY}"),
        ("COLLECTOR_API_KEY", f"pxe:{KEY},pxe:{KEY},pxe:{KEY}"),
        ("COLLECTOR_API_KEY", "pxe:short"),
        ("COLLECTOR_API_KEY", ",".join(f"name{number}:{KEY}" for number in range(17))),
        ("COLLECTOR_API_KEY", "ä" * 40 + "bcdefghijk"),
        ("SHOPDB_COMPUTERS_SOURCES", ""),
        ("SHOPDB_COMPUTERS_SOURCES", "glpi,,pxe"),
        ("SHOPDB_COMPUTERS_SOURCES", "glpi,pxe,glpi"),
        ("SHOPDB_COMPUTERS_SOURCES", "GLPI"),
        ("SHOPDB_SOURCE_SILENCE_DAYS", "0"),
        ("SHOPDB_SOURCE_SILENCE_DAYS", "keep"),
        ("COLLECTOR_API_KEY_COMPUTERS", "short"),
        ("COLLECTOR_API_KEY_FILE", "/does/not/exist"),
        ("COLLECTOR_API_KEY_FILE", ""),
        ("SHOPDB_DATABASE_URL", ""),
        ("SHOPDB_LISTEN", "8080"),
        ("SHOPDB_LISTEN", "localhost:99999"),
        ("SHOPDB_LISTEN", "localhost:http"),
        ("SHOPDB_THREADS", "0"),
        ("SHOPDB_THREADS", "1001"),
        ("SHOPDB_WORKERS", "99999999999"),
        ("SHOPDB_PUBLIC_URL", "https://[shopdb"),
        ("SHOPDB_PUBLIC_URL", "https://shopdb.example:99999"),
        ("SHOPDB_PUBLIC_URL", "https://shopdb.example:port"),
        ("SHOPDB_MAX_BODY_BYTES", "1e6"),
        ("SHOPDB_MAX_BODY_BYTES", "-1"),
        ("SHOPDB_TIMEZONE", "Mars/Olympus"),
        ("SHOPDB_TIMEZONE", "../etc/passwd"),
        ("SHOPDB_COMPUTERS_ONMATCH", "Adopt"),
        ("SHOPDB_COMPUTERS_ADOPT_AFTER_HOURS", ""),
        ("SHOPDB_COMPUTERS_ADOPT_AFTER_HOURS", "-1"),
        ("SHOPDB_COMPUTERS_ADOPT_AFTER_HOURS", "1.5"),
        ("SHOPDB_COMPUTERS_ADOPT_AFTER_HOURS", "99999"),
    ],
)
def test_a_bad_value_is_refused_by_its_variable(variable, value):
    """The message names the variable and does not show a secret."""
    with pytest.raises(ConfigurationError) as refusal:
        read_settings({**MINIMAL, variable: value})
    assert variable in str(refusal.value)
    if "KEY" in variable and len(value) > 5 and not variable.endswith("_FILE"):
        assert value not in str(refusal.value)


def test_a_missing_secret_key_is_reported_with_the_next_step():
    """The message names `shopdb init`."""
    with pytest.raises(ConfigurationError, match=r"SECRET_KEY .*shopdb init"):
        read_settings({})


@pytest.mark.parametrize("variable", ["SECRET_KEY", "COLLECTOR_API_KEY"])
def test_a_secret_set_both_ways_is_refused(tmp_path, variable):
    """A secret in a variable and in a file is ambiguous."""
    file = tmp_path / "secret"
    file.write_text(KEY)
    with pytest.raises(ConfigurationError, match=f"{variable}_FILE"):
        read_settings({**MINIMAL, variable: KEY, f"{variable}_FILE": str(file)})


def test_an_empty_secret_file_is_refused(tmp_path):
    """An empty file, as of a volume that is not mounted, is an error."""
    file = tmp_path / "secret"
    file.write_text("\n")
    with pytest.raises(ConfigurationError, match="empty file"):
        read_settings({"SECRET_KEY_FILE": str(file)})


def test_secrets_are_not_in_the_representation():
    """`repr` shows neither keys nor the URL of the database."""
    shown = repr(
        read_settings({**MINIMAL, "COLLECTOR_API_KEY": KEY, "SHOPDB_DATABASE_URL": "sqlite:///p4ss"})
    )
    assert not any(secret in shown for secret in (SECRET, KEY, "p4ss"))


def test_the_environment_wins_over_the_file(tmp_path):
    """The environment precedes the `.env` file, in which dollar signs are plain characters."""
    (tmp_path / ".env").write_text("SECRET_KEY='from$file'\nSHOPDB_LISTEN=a:1\n")
    combined = with_dotenv({"SHOPDB_LISTEN": "b:2"}, tmp_path)
    assert combined == {"SECRET_KEY": "from$file", "SHOPDB_LISTEN": "b:2"}


def test_without_a_file_the_environment_is_all(tmp_path):
    """A missing `.env` file is not an error."""
    assert with_dotenv({"A": "b"}, tmp_path / "none") == {"A": "b"}


def test_a_file_that_is_not_utf8_is_named(tmp_path):
    """A `.env` file in UTF-16 is an error that names the file."""
    Path(tmp_path / ".env").write_bytes("SECRET_KEY=ä".encode("utf-16"))
    with pytest.raises(ConfigurationError, match=r"\.env"):
        with_dotenv({}, tmp_path)


def test_a_client_needs_no_secret_key():
    """A command that submits reads only the address and the key of its collector."""
    environ = {"COLLECTOR_API_KEY": KEY, "COLLECTOR_API_KEY_PRINTERS": KEY[::-1], "SHOPDB_LISTEN": "[::1]:9"}
    assert read_client_settings(environ, "printers").key == KEY[::-1]
    assert read_client_settings(environ, "computers").key == KEY
    assert read_client_settings(environ, "computers").url == "http://[::1]:9"
    assert read_client_settings({}, "computers").url == "http://127.0.0.1:8080"


def test_days_are_a_number_or_keep():
    """`keep` is read as `None`, for either kind of audit entry."""
    settings = read_settings(
        {**MINIMAL, "SHOPDB_AUDIT_RETENTION_DAYS": "365", "SHOPDB_AUDIT_NOOP_RETENTION_DAYS": "keep"}
    )
    assert (settings.audit_retention_days, settings.audit_noop_retention_days) == (365, None)
    defaults = read_settings(MINIMAL)
    assert (defaults.audit_retention_days, defaults.audit_noop_retention_days) == (None, 30)


@pytest.mark.parametrize("variable", ["SHOPDB_AUDIT_RETENTION_DAYS", "SHOPDB_AUDIT_NOOP_RETENTION_DAYS"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "36501", "forever", "\u0663", ""])
def test_other_days_are_refused(variable, value):
    """A value that is neither `keep` nor a number of days does not shorten the audit."""
    with pytest.raises(ConfigurationError, match=variable):
        read_settings({**MINIMAL, variable: value})


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("SHOPDB_THREDS", "SHOPDB_THREADS"),
        ("shopdb_threads", "SHOPDB_THREADS"),
        ("SHOPDB_DATABASEURL", "SHOPDB_DATABASE_URL"),
        ("SHOPDB_NET_GEAR_ONMATHC", "SHOPDB_NET_GEAR_ONMATCH"),
        ("SHOPDB_NET_GEAR_ADOPT_AFTER_HOUR", "SHOPDB_NET_GEAR_ADOPT_AFTER_HOURS"),
        ("COLLECTOR_API_KEYS", "COLLECTOR_API_KEY"),
        ("COLLECTOR_API_KEY_computers", "COLLECTOR_API_KEY_COMPUTERS"),
        ("COLLECTOR_APIKEY_COMPUTERS", "COLLECTOR_API_KEY_COMPUTERS"),
        ("SHOPDB_FAVOURITE_COLOUR", None),
    ],
)
def test_an_unknown_variable_is_refused(variable, meant):
    """A misspelt setting would keep its default in silence; the message has the name that was meant."""
    with pytest.raises(ConfigurationError) as refusal:
        read_settings({**MINIMAL, variable: KEY})

    assert str(refusal.value).startswith(f"{variable} is not a setting")
    assert str(refusal.value).endswith(f"Did you mean {meant}?" if meant else "remove it.")


@pytest.mark.parametrize(
    "variable",
    [
        "SHOPDB_SERVICE_HOST",
        "SHOPDB_PORT",
        "SHOPDB_PORT_8080_TCP_ADDR",
        "SHOPDB_WEB_SERVICE_PORT_HTTP",
        "SHOPDB_KEY",
        "COLLECTOR_API_SERVICE_HOST",
        "COLLECTOR_HOME",
    ],
)
def test_variables_of_others_are_not_ours(variable):
    """Kubernetes sets variables for a service named shopdb; `shopdb submit` has one, too."""
    assert read_settings({**MINIMAL, variable: "tcp://10.0.0.1:8080"}) == read_settings(MINIMAL)


@pytest.mark.parametrize(
    "variable", ["COLLECTOR_API_KEY", "COLLECTOR_API_KEY_COMPUTERS", "SHOPDB_METRICS_TOKEN"]
)
@pytest.mark.parametrize(
    "signing",
    [
        {"SECRET_KEY": SECRET},
        {"SECRET_KEY": f"{SECRET[::-1]},{SECRET}"},
        {"SECRET_KEY": SECRET[::-1], "SHOPDB_AUDIT_KEY": SECRET},
    ],
    ids=["secret key", "old secret key", "audit key"],
)
def test_a_key_that_signs_is_not_given_to_others(variable, signing):
    """Otherwise every pipeline could sign a token of an administrator, or seal audit entries."""
    with pytest.raises(
        ConfigurationError, match=f"^{variable} has the value of SECRET_KEY or SHOPDB_AUDIT_KEY"
    ):
        read_settings({**signing, variable: SECRET})


@pytest.mark.parametrize(
    "value",
    [
        "changeme-changeme-changeme-changeme-123",
        "CHANGE_ME_0123456789_abcdefghijklmnopq",
        "please-Change-Me-before-you-go-live-0123",
        "ch4ng3m3-0123456789-abcdefghijklmnopqrs",
        "c.h.a.n.g.e.m.e-0123456789-abcdefghijkl",
        "change this secret key to something else",
        "replace-me-0123456789-abcdefghijklmnopq",
        "your-secret-key-goes-here-0123456789-ab",
    ],
)
@pytest.mark.parametrize("variable", ["SECRET_KEY", "COLLECTOR_API_KEY"])
def test_an_example_value_in_any_form_is_refused(variable, value):
    """With other separators, in capitals, with digits for letters, inside a longer text."""
    with pytest.raises(ConfigurationError, match=f"^{variable} is an example value") as refusal:
        read_settings({**MINIMAL, variable: value})

    assert value not in str(refusal.value)


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ("SECRET_KEY=a-secret", "SECRET_KEY"),
        ("SHOPDB_AUDIT_KEY=a-key", "SHOPDB_AUDIT_KEY"),
        ("SHOPDB_AUDIT_KEY_FILE=/run/secrets/key", None),
        ("COLLECTOR_API_KEY_COMPUTERS=a-key", "COLLECTOR_API_KEY_COMPUTERS"),
        ("SHOPDB_DATABASE_URL=postgresql://shopdb:hunter2@db/shopdb", "SHOPDB_DATABASE_URL"),
        ("SHOPDB_DATABASE_URL=postgresql://db/shopdb?user=shopdb&password=hunter2", "SHOPDB_DATABASE_URL"),
        ("SHOPDB_DATABASE_URL=postgresql://shopdb@db/shopdb", None),
        ("SHOPDB_DATABASE_URL=sqlite:////var/lib/shopdb/shopdb.sqlite3", None),
        ("SECRET_KEY_FILE=/run/secrets/key", None),
        ("SHOPDB_THREADS=4", None),
    ],
)
def test_a_secret_that_every_user_can_read_is_refused(tmp_path, line, secret):
    """Of a `.env` file with a secret; the message has the command to run, and not the secret."""
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"{line}\n")
    for mode in (0o600, 0o640):
        dotenv.chmod(mode)
        check_dotenv(tmp_path)
    dotenv.chmod(0o604)
    if secret is None:
        check_dotenv(tmp_path)
        return

    with pytest.raises(ConfigurationError) as refusal:
        check_dotenv(tmp_path)

    assert str(refusal.value) == (
        f".env can be read by every user of this machine, and has {secret}: run `chmod 600 .env`"
    )


@pytest.mark.parametrize(
    ("value", "keys"),
    [
        (SECRET, (SECRET,)),
        (f"{KEY}, {SECRET}", (KEY, SECRET)),
        (f"{SECRET},x", (f"{SECRET},x",)),
        (f"{SECRET},{KEY},{SECRET}", (f"{SECRET},{KEY},{SECRET}",)),
    ],
    ids=["one", "two", "one with a comma", "one with two commas"],
)
def test_a_secret_key_may_be_two(value, keys):
    """A key of an older site may have commas; only two long parts are a rotation."""
    settings = read_settings({"SECRET_KEY": value})
    assert settings.secret_keys == settings.sealing_keys == keys


def test_the_audit_has_a_key_of_its_own():
    """It takes the place of SECRET_KEY for the audit, and two are a rotation."""
    settings = read_settings({**MINIMAL, "SHOPDB_AUDIT_KEY": f"{KEY},{KEY[::-1]}"})
    assert (settings.secret_keys, settings.sealing_keys) == ((SECRET,), (KEY, KEY[::-1]))
    assert KEY not in repr(settings)


def test_the_key_of_the_audit_may_be_in_a_file(tmp_path):
    """As every secret may."""
    (tmp_path / "key").write_text(KEY)

    settings = read_settings({**MINIMAL, "SHOPDB_AUDIT_KEY_FILE": str(tmp_path / "key")})

    assert settings.sealing_keys == (KEY,)


OIDC = {
    "SHOPDB_OIDC_ISSUER": "https://login.example/",
    "SHOPDB_OIDC_CLIENT_ID": "shopdb",
    "SHOPDB_OIDC_ROLES": "ou=admins=admin, staff=viewer",
}


def test_an_identity_provider():
    """Its issuer is kept as it is, since tokens have it so; the secret is in no representation."""
    given = {**OIDC, "SHOPDB_OIDC_CLIENT_SECRET": "canary"}

    settings = read_settings(MINIMAL | given)

    assert settings.oidc.issuer == "https://login.example/"
    assert (settings.oidc.audience, settings.oidc.role_claim) == ("shopdb", "roles")
    assert settings.oidc.roles == {"ou=admins": "admin", "staff": "viewer"}
    assert settings.oidc.client_secret == "canary"
    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"SHOPDB_OIDC_ISSUER": "http://login.example"}, "SHOPDB_OIDC_ISSUER must begin with https"),
        ({"SHOPDB_OIDC_ISSUER": "login.example"}, "SHOPDB_OIDC_ISSUER is not a URL"),
        ({"SHOPDB_OIDC_ROLES": "staff=root"}, "SHOPDB_OIDC_ROLES is not a list such as"),
        ({"SHOPDB_OIDC_ROLES": "staff"}, "SHOPDB_OIDC_ROLES is not a list such as"),
        ({"SHOPDB_PUBLIC_URL": "shopdb.example"}, "SHOPDB_PUBLIC_URL is not a URL"),
        ({"SHOPDB_OIDC_CLIENT_SECRET": "a", "SHOPDB_OIDC_CLIENT_SECRET_FILE": "b"}, "are both set"),
    ],
)
def test_a_wrong_identity_provider(changes, reason):
    """The error names the variable."""
    with pytest.raises(ConfigurationError, match=reason):
        read_settings(MINIMAL | {**OIDC, **changes})


@pytest.mark.parametrize("missing", OIDC)
def test_half_an_identity_provider(missing):
    """Some settings need each other."""
    given = {name: value for name, value in OIDC.items() if name != missing}

    with pytest.raises(ConfigurationError, match="Set SHOPDB_OIDC_ISSUER, SHOPDB_OIDC_CLIENT_ID and"):
        read_settings(MINIMAL | given)

"""A server in production does not start with what is safe on one machine alone; it names all of that."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from databases import Database, administer
from sqlalchemy import URL, make_url

from shopdb_core.settings import Settings, read_settings
from shopdb_core.settings.production import is_guessable, unsafe_settings
from shopdb_core.store.open import excess_rights

STRONG = secrets.token_urlsafe(32)
STRONG_SECRETS = {"SECRET_KEY": secrets.token_urlsafe(48), "COLLECTOR_API_KEY": STRONG}
PUBLIC = {"SHOPDB_LISTEN": "0.0.0.0:0"}
BEHIND_PROXY = {**PUBLIC, "SHOPDB_TRUSTED_PROXIES": "10.0.0.1"}
WITHOUT_TLS = "SHOPDB_LISTEN is not a loopback address"


@pytest.fixture
def strong(site: Any) -> Any:
    """Return a site whose secrets are as `shopdb init` makes them."""
    site.variables |= STRONG_SECRETS
    return site


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line of a server that did not start."""
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    (line,) = done.stderr.splitlines()
    return line.removeprefix("shopdb: ")


def run_wsgi(site: Any) -> subprocess.CompletedProcess[str]:
    """Load the application as another WSGI server does."""
    return subprocess.run(
        [sys.executable, "-c", "import shopdb_core.server.wsgi"],
        cwd=site.directory,
        env=site.environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_loopback_is_development(site: Any) -> None:
    """A server that only its own machine reaches starts without any of this."""
    assert site.serve().is_well()


def test_a_public_address_behind_a_proxy(strong: Any) -> None:
    """With good secrets and the name of the proxy a server in production starts."""
    strong.variables |= {"SHOPDB_LISTEN": "0.0.0.0:0", "SHOPDB_TRUSTED_PROXIES": "127.0.0.1"}
    server = strong.serve()

    assert strong.run("config", "check").returncode == 0
    assert server.stop() == 0


@pytest.mark.parametrize("options", [(), ("--workers", "2")])
def test_a_public_address_without_tls(strong: Any, options: tuple[str, ...]) -> None:
    """One process and several, before anything is listened to."""
    strong.variables |= PUBLIC

    line = refusal(strong.run("serve", *options))

    assert line.startswith(f"Not safe in production (SHOPDB_ENV): {WITHOUT_TLS}")
    assert "SHOPDB_TRUSTED_PROXIES" in line
    assert line.endswith("set SHOPDB_ENV=development for a trial.")


def test_a_trial(site: Any) -> None:
    """SHOPDB_ENV says what the site is, whatever the address."""
    site.variables |= {**PUBLIC, "SHOPDB_ENV": "development"}

    site.serve().stop()


def test_other_servers_refuse_likewise(site: Any) -> None:
    """Which address they have is not known, so SHOPDB_ENV says it."""
    site.variables |= {"SHOPDB_ENV": "production", "SECRET_KEY": "0123456789abcdef" * 3}

    done = run_wsgi(site)

    assert done.returncode == 4
    assert done.stderr.startswith("shopdb: Not safe in production (SHOPDB_ENV): SECRET_KEY can be guessed;")
    assert "0123456789abcdef" not in done.stderr


def test_all_that_is_unsafe_is_named(site: Any, tmp_path: Path) -> None:
    """In one line, without a secret."""
    key = tmp_path / "key"
    key.write_text(STRONG)
    key.chmod(0o644)
    del site.variables["COLLECTOR_API_KEY"]
    site.variables |= {
        **PUBLIC,
        "SECRET_KEY": "0123456789abcdef" * 3,
        "SHOPDB_AUDIT_KEY": "abcdefghijklmnopqrstuvwxyz0123456789",
        "COLLECTOR_API_KEY_PRINTERS": f"old:{'abcdefgh' * 5},new:{STRONG}",
        "COLLECTOR_API_KEY_COMPUTERS_FILE": str(key),
        "SHOPDB_METRICS_TOKEN": "abcdefghijklmnop" * 2,
    }

    line = refusal(site.run("serve"))

    guessable = (
        "SECRET_KEY",
        "SHOPDB_AUDIT_KEY",
        "COLLECTOR_API_KEY_PRINTERS",
        "SHOPDB_METRICS_TOKEN",
    )
    assert all(f"{variable} can be guessed; `shopdb init`" in line for variable in guessable)
    assert f"COLLECTOR_API_KEY_COMPUTERS_FILE names {key}, which every user" in line
    assert f"run `chmod o= {key}`" in line
    assert WITHOUT_TLS in line
    assert not any(secret in line for secret in ("0123456789", "abcdefgh", STRONG))


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
@pytest.mark.parametrize(("mode", "found"), [(0o600, 0), (0o640, 0), (0o440, 0), (0o604, 1), (0o444, 1)])
def test_who_may_read_the_file_of_a_secret(tmp_path: Path, mode: int, found: int) -> None:
    """The group of the service may, since container platforms mount secrets so; other users may not."""
    key = tmp_path / "key"
    key.write_text(STRONG)
    key.chmod(mode)
    environ = {"SECRET_KEY_FILE": str(key)}

    findings = [*unsafe_settings(read_settings(environ), environ)]

    assert [each.variable for each in findings] == ["SECRET_KEY_FILE"] * found


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
def test_who_may_read_the_secrets_of_a_webhook(strong: Any) -> None:
    """A file of them is one of secrets, too: the server does not start, and the check finds it before."""
    file, secret = Path(strong.directory) / "webhooks.toml", Path(strong.directory) / "tickets.secret"
    file.write_text(
        f'[[webhook]]\nname = "tickets"\nurl = "https://tickets.example/"\nsecretfile = "{secret}"\n'
    )
    secret.write_text("whsec_" + "A" * 32)
    file.chmod(0o600)
    secret.chmod(0o644)
    strong.variables |= {"SHOPDB_ENV": "production", "SHOPDB_WEBHOOKS": "webhooks.toml"}
    fault = f"the secretfile {secret}; run `chmod o= {secret}`."

    assert fault in refusal(strong.run("serve"))
    assert fault in strong.run("config", "check").stdout

    secret.chmod(0o640)
    assert strong.run("config", "check").returncode == 0


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgresql://shopdb:change-this-password@localhost/shopdb", 1),
        ("postgresql://localhost/shopdb?user=shopdb&password=Ch4nge-Me", 1),
        (f"postgresql://shopdb:{STRONG}@localhost/shopdb", 0),
        ("postgresql://localhost/shopdb", 0),
    ],
    ids=["of the page", "as a parameter", "another", "none"],
)
def test_the_password_of_the_database_s_page(url: str, found: int) -> None:
    """It is an example, as the secrets of the documentation are."""
    findings = [*unsafe_settings(Settings(secret_key=STRONG, database_url=url), {})]

    assert [each.variable for each in findings] == ["SHOPDB_DATABASE_URL"] * found


@pytest.mark.parametrize(
    "secret",
    [
        "abcdefgh" * 4,
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "aaaabbbbccccddddeeeeffffgggghhhh",
        "aXaXaXaXbXaXaXcXaXaXdXaXaXeXaXaXfXaXgXaX",
        "Qe7f_rX0p2-LkVn9sTzA" * 2,
    ],
)
def test_what_can_be_guessed(secret: str) -> None:
    """Repetitions, the alphabet in either direction, few different characters."""
    assert is_guessable(secret)


@pytest.mark.parametrize("make", [secrets.token_urlsafe, secrets.token_hex], ids=["urlsafe", "hex"])
def test_random_secrets_are_accepted(make: Callable[[int], str]) -> None:
    """Also the shortest ones that are permitted, as other tools make them."""
    assert not any(is_guessable(make(length)) for length in (24, 16, 32, 48) for _ in range(200))


@pytest.fixture
def plain_user(database: Database) -> Iterator[URL]:
    """Return the URL of a database for a user that has this one alone."""
    url, name = make_url(database.url), f"plain_{secrets.token_hex(4)}"
    if database.kind == "postgresql":
        administer(url, f"CREATE ROLE {name} LOGIN PASSWORD '{STRONG}'")
        yield url.set(username=name, password=STRONG)
        administer(url, f"DROP ROLE {name}")
    else:
        administer(url, f"CREATE USER {name}@'%' IDENTIFIED BY '{STRONG}'")
        administer(url, f"GRANT ALL PRIVILEGES ON `{url.database}`.* TO {name}@'%'")
        yield url.set(username=name, password=STRONG)
        administer(url, f"DROP USER {name}@'%'")


def rights_of(url: URL) -> set[str]:
    shown = url.render_as_string(hide_password=False)
    return {*excess_rights(Settings(secret_key=STRONG, database_url=shown))}


@pytest.mark.every_server
def test_a_user_with_a_database_of_its_own(plain_user: URL) -> None:
    """All rights on it are needed by migrations, and are not too many."""
    assert rights_of(plain_user) == set()


@pytest.mark.every_server
def test_a_user_with_rights_on_other_databases(database: Database, plain_user: URL) -> None:
    """Each of them is named."""
    url = make_url(database.url)
    if database.kind == "postgresql":
        administer(url, f"ALTER ROLE {plain_user.username} SUPERUSER CREATEROLE")
        assert rights_of(plain_user) == {"SUPERUSER", "CREATEROLE"}
    else:
        administer(url, f"GRANT SUPER ON *.* TO {plain_user.username}@'%' WITH GRANT OPTION")
        assert rights_of(plain_user) == {"SUPER", "GRANT OPTION"}


@pytest.mark.every_server
def test_an_administrator_of_the_database_server(make_site: Callable[..., Any]) -> None:
    """The databases of the tests have one, with which a server in production does not start."""
    site = make_site(variables={**STRONG_SECRETS, "SHOPDB_ENV": "production"})

    line = refusal(site.run("serve"))

    expected = "Not safe in production (SHOPDB_ENV): SHOPDB_DATABASE_URL has a user with the rights "
    assert line.startswith(expected)
    assert line.endswith("use one with rights on its own database alone.")

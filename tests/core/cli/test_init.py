"""`shopdb init`: a new site in an empty directory."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from dotenv import dotenv_values

from shopdb_core.cli.site.init import write_dotenv
from shopdb_core.errors import ConfigurationError
from shopdb_core.settings import with_dotenv

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]


def test_it_creates_a_site_that_serves(bare: Any) -> None:
    """It writes a `.env` that only the owner can read, a database, and the next command."""
    done = bare.run("init")

    assert (done.returncode, done.stderr) == (0, "")
    assert stat.S_IMODE((bare.directory / ".env").stat().st_mode) == 0o600
    assert done.stdout.splitlines()[-1] == "Next: `shopdb serve`"
    assert bare.database.file.is_file()
    bare.variables["SHOPDB_LISTEN"] = "127.0.0.1:0"
    assert bare.serve().url.startswith("http://127.0.0.1:")


def test_as_json_it_is_one_object(bare: Any) -> None:
    """The file, which secrets are new, and the tables as `shopdb db status` shows them; no secret."""
    bare.variables["COLLECTOR_API_KEY"] = "a-collector-key-for-tests-0123456789-abc"

    done = bare.run("init", "--json")

    printed = json.loads(done.stdout)
    assert printed["file"] == str((bare.directory / ".env").resolve())
    assert printed["made"] == {"SECRET_KEY": True, "SHOPDB_AUDIT_KEY": True, "COLLECTOR_API_KEY": False}
    assert printed["tables"] == json.loads(bare.run("db", "status", "--json").stdout)
    values = dotenv_values(bare.directory / ".env")
    assert str(values["SECRET_KEY"]) not in done.stdout


def test_its_secrets_are_new_each_time_and_never_shown(make_site: MakeSite) -> None:
    """Two sites share no secret, and a terminal's scrollback holds none."""
    sites = [make_site(), make_site()]
    outputs = []
    for site in sites:
        site.variables.clear()
        outputs.append(site.run("init").stdout)

    one, two = (dotenv_values(site.directory / ".env") for site in sites)

    for name in ("SECRET_KEY", "SHOPDB_AUDIT_KEY", "COLLECTOR_API_KEY"):
        assert len(one[name] or "") >= 32
        assert one[name] != two[name]
        assert str(one[name]) not in outputs[0]
    assert len({one["SECRET_KEY"], one["SHOPDB_AUDIT_KEY"], one["COLLECTOR_API_KEY"]}) == 3


def test_it_never_overwrites_a_dotenv(bare: Any, refused: Refused) -> None:
    """A second run fails and changes nothing."""
    bare.run("init")
    before = (bare.directory / ".env").read_text()

    line = refused(bare.run("init"))

    assert line == ".env exists and is not overwritten; the site is set up already."
    assert (bare.directory / ".env").read_text() == before


def test_it_follows_no_link(bare: Any, refused: Refused, tmp_path: Path) -> None:
    """A dangling link in a shared directory must not carry the secrets elsewhere."""
    target = tmp_path / "elsewhere"
    (bare.directory / ".env").symlink_to(target)

    refused(bare.run("init"))

    assert not target.exists()


def test_a_directory_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """The reason of the operating system, and no traceback."""
    with pytest.raises(ConfigurationError, match=r"\.env cannot be written"):
        write_dotenv(tmp_path / "missing" / ".env", {})


SECRET_KEY = "the-secret-key-of-another-site-0123456789"
AUDIT_KEY = "the-audit-key-of-another-site-9876543210"
COMMAND = ["init", "--database-url"]


def dotenv_of(site: Any) -> dict[str, str | None]:
    """Return what `.env` holds."""
    return dotenv_values(site.directory / ".env", interpolate=False)


@pytest.mark.every_database
@pytest.mark.parametrize("way", ["environment", "option"])
def test_it_sets_up_the_database_that_is_named(
    bare: Any, make_database: Callable[..., Any], database_kind: str, way: str
) -> None:
    """The database that it migrates is the one that `.env` names, in the environment and without it."""
    url = make_database(database_kind).url
    bare.variables = {"SHOPDB_DATABASE_URL": url} if way == "environment" else {}

    done = bare.run(*(["init"] if way == "environment" else [*COMMAND, url]))

    assert (done.returncode, done.stderr) == (0, "")
    assert dotenv_of(bare)["SHOPDB_DATABASE_URL"] == url
    bare.variables = {}
    assert bare.run("audit", "verify").stdout == "0 assets, 0 entries, 0 faults\n"


@pytest.mark.every_database
def test_a_database_with_assets_gets_no_new_secret(make_site: MakeSite, refused: Refused) -> None:
    """Nothing is written; with the secret of its site it is set up, and its audit verifies."""
    old = make_site()
    old.upgrade()
    old.serve().submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    new = make_site(old.directory / "new")
    new.variables = {"SHOPDB_DATABASE_URL": old.database.url}

    line = refused(new.run("init"))

    assert line.startswith(
        "The database has assets, whose audit only the key of their site can verify: set SHOPDB_AUDIT_KEY"
    )
    assert not (new.directory / ".env").exists()
    new.variables["SECRET_KEY"] = SECRET_KEY
    assert refused(new.run("init")).startswith("None of the 1 audit entries that were tried is sealed")
    assert not (new.directory / ".env").exists()
    new.variables["SECRET_KEY"] = old.variables["SECRET_KEY"]
    done = new.run("init")
    assert done.stdout.startswith(
        "Wrote .env (mode 0600) with the environment's SECRET_KEY and a COLLECTOR_API_KEY.\n"
    )
    new.variables = {}
    assert "SHOPDB_AUDIT_KEY" not in dotenv_of(new)
    assert new.run("audit", "verify").stdout == "1 asset, 1 entry, 0 faults\n"


def test_the_key_of_an_audit_is_enough(make_site: MakeSite) -> None:
    """A new SECRET_KEY revokes the tokens alone."""
    old = make_site()
    old.upgrade()
    old.variables["SHOPDB_AUDIT_KEY"] = AUDIT_KEY
    old.serve().submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    new = make_site(old.directory / "new")
    new.variables = {"SHOPDB_DATABASE_URL": old.database.url, "SHOPDB_AUDIT_KEY": AUDIT_KEY}

    done = new.run("init")

    assert "with a SECRET_KEY, the environment's SHOPDB_AUDIT_KEY and a COLLECTOR_API_KEY.\n" in done.stdout
    new.variables = {}
    assert new.run("audit", "verify").stdout == "1 asset, 1 entry, 0 faults\n"


def test_secrets_of_the_environment_are_taken(bare: Any, tmp_path: Path) -> None:
    """A value as it is, and a file by its name."""
    file = tmp_path / "key"
    file.write_text("a-collector-key-in-a-file-0123456789-abc")
    bare.variables = {
        "SECRET_KEY": SECRET_KEY,
        "SHOPDB_AUDIT_KEY": AUDIT_KEY,
        "COLLECTOR_API_KEY_FILE": str(file),
    }

    assert bare.run("init").returncode == 0

    assert dotenv_of(bare) == {
        "SECRET_KEY": SECRET_KEY,
        "SHOPDB_AUDIT_KEY": AUDIT_KEY,
        "COLLECTOR_API_KEY_FILE": str(file),
        "SHOPDB_DATABASE_URL": "sqlite:///shopdb.sqlite3",
        "SHOPDB_LISTEN": "127.0.0.1:8080",
    }


@pytest.mark.parametrize(
    ("variables", "arguments", "message"),
    [
        (
            {"SHOPDB_DATABASE_URL": "sqlite:///a.db"},
            [*COMMAND, "sqlite:///b.db"],
            "SHOPDB_DATABASE_URL is set",
        ),
        ({}, [*COMMAND, "oracle://host/db"], "SHOPDB_DATABASE_URL names oracle"),
        ({}, [*COMMAND, "postgresql://127.0.0.1:1/db"], "SHOPDB_DATABASE_URL: The database server is away"),
        ({"SECRET_KEY": "short"}, ["init"], "SECRET_KEY is shorter"),
        ({"SHOPDB_THREDS": "4"}, ["init"], "SHOPDB_THREDS is not a setting"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(
    bare: Any, refused: Refused, variables: dict[str, str], arguments: list[str], message: str
) -> None:
    """After the correction `shopdb init` can run again."""
    bare.variables = variables

    assert refused(bare.run(*arguments)).startswith(message)
    assert list(bare.directory.iterdir()) == []


@pytest.mark.parametrize(
    "value", ["plain/+=", "pass#word", "it's", "a b", "back\\slash", "$HOME", 'say "x"', "\\'", "ü"]
)
def test_a_value_is_read_as_it_was_written(tmp_path: Path, value: str) -> None:
    """Characters with a meaning in a `.env` file are quoted."""
    write_dotenv(tmp_path / ".env", {"SHOPDB_DATABASE_URL": value})

    assert with_dotenv({}, tmp_path)["SHOPDB_DATABASE_URL"] == value

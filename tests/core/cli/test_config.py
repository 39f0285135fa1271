"""`shopdb config`: every setting and its source; `check`: all that is wrong with them."""

import json
import secrets
from pathlib import Path
from typing import Any

import pytest

from shopdb_core.settings.records import all_settings

PASSWORD = "hunter2-of-the-test"
STRONG = secrets.token_urlsafe(32)


@pytest.fixture
def variables(tmp_path: Path, bare: Any) -> dict[str, str]:
    """Return the settings of a site: some in the environment, some in .env, and two in files."""
    (tmp_path / "key").write_text(STRONG)
    (tmp_path / "key").chmod(0o600)
    dotenv = Path(bare.directory) / ".env"
    dotenv.write_text(f"SECRET_KEY={secrets.token_urlsafe(48)}\nSHOPDB_THREADS=3\nSHOPDB_WORKERS=2\n")
    dotenv.chmod(0o600)
    bare.variables |= {
        "SHOPDB_THREADS": " 4 ",
        "COLLECTOR_API_KEY_COMPUTERS_FILE": str(tmp_path / "key"),
        "SHOPDB_PRINTERS_ONMATCH": "adopt",
    }
    return bare.variables


def shown(bare: Any) -> dict[str, tuple[str | None, str]]:
    done = bare.run("config", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return {row["variable"]: (row["value"], row["source"]) for row in json.loads(done.stdout)}


def test_each_setting_has_its_value_and_its_source(bare: Any, variables: dict[str, str]) -> None:
    """The environment, the file `.env`, a file of a secret, or the default."""
    found = shown(bare)

    assert found["SECRET_KEY"] == ("********", ".env")
    assert found["SHOPDB_THREADS"] == ("4", "environment")
    assert found["SHOPDB_WORKERS"] == ("2", ".env")
    file = variables["COLLECTOR_API_KEY_COMPUTERS_FILE"]
    assert found["COLLECTOR_API_KEY_COMPUTERS"] == ("********", f"file {file}")
    assert found["SHOPDB_PRINTERS_ONMATCH"] == ("adopt", "environment")
    assert found["SHOPDB_TIMEZONE"] == ("UTC", "default")
    assert found["SHOPDB_SITE_FIELDS"] == (None, "default")
    assert len(found) == len(all_settings())


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://shopdb:{PASSWORD}@db.example.com/shopdb",
        f"postgresql://shopdb:a/{PASSWORD}@b@db.example.com/shopdb",
        f"postgresql://db.example.com/shopdb?user=shopdb&password={PASSWORD}&sslmode=require",
        f"mysql://shopdb:{PASSWORD}@db.example.com/shopdb?ssl_key_password={PASSWORD}",
    ],
)
def test_the_password_of_the_database_is_masked(bare: Any, variables: dict[str, str], url: str) -> None:
    """The rest of the URL is shown."""
    variables["SHOPDB_DATABASE_URL"] = url

    value, _ = shown(bare)["SHOPDB_DATABASE_URL"]

    assert PASSWORD not in value
    assert "********" in value
    assert "db.example.com/shopdb" in value


def test_settings_that_cannot_be_used_are_shown(bare: Any, variables: dict[str, str]) -> None:
    """To correct them; the table has no secret either."""
    variables |= {"SHOPDB_THREADS": "many", "SECRET_KEY": PASSWORD}

    done = bare.run("config")

    assert done.returncode == 0
    assert "SHOPDB_THREADS                     many" in done.stdout
    assert PASSWORD not in done.stdout


def test_settings_in_order(bare: Any, variables: dict[str, str]) -> None:
    """The check says so, and exits with 0; in production, too."""
    variables["SHOPDB_ENV"] = "production"

    done = bare.run("config", "check")

    assert (done.returncode, done.stdout) == (0, "The settings can be used.\n")


@pytest.mark.usefixtures("variables")
@pytest.mark.parametrize("command", [("check", "--json"), ("--json", "check"), ("--json", "check", "--json")])
def test_json_on_either_side_of_the_command(bare: Any, command: tuple[str, ...]) -> None:
    """It means the same: the findings for scripts."""
    done = bare.run("config", *command)

    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_everything_wrong_is_found_at_once(bare: Any, variables: dict[str, str]) -> None:
    """Names, values, secrets, files, plugins, the database, and what production does not permit."""
    wrong = {
        "SHOPDB_THREDS": "3",
        "SHOPDB_WORKERS": "none",
        "COLLECTOR_API_KEY": PASSWORD,
        "COLLECTOR_API_KEY_COMPUTER": STRONG,
        "SHOPDB_SITE_FIELDS": "missing.json",
        "SHOPDB_WEBHOOKS": "missing.toml",
        "SHOPDB_PLUGINS": "computers,printers",
        "SHOPDB_DATABASE_URL": f"oracle://shopdb:{PASSWORD}@db/shopdb",
        "SHOPDB_LISTEN": "0.0.0.0:0",
        "SHOPDB_AUDIT_KEY": "0123456789abcdef" * 3,
    }
    variables |= wrong
    (Path(bare.directory) / ".env").chmod(0o644)

    done = bare.run("config", "check", "--json")

    findings = json.loads(done.stdout)
    assert done.returncode == 1
    assert done.stderr.startswith(f"shopdb: {len(findings)} faults in the settings; ")
    assert {each["variable"] for each in findings} == {".env", *wrong} - {"SHOPDB_PLUGINS"}
    assert all(each["variable"] in each["message"] for each in findings)
    assert PASSWORD not in done.stdout + done.stderr


def test_a_plugin_that_is_not_installed(bare: Any, variables: dict[str, str]) -> None:
    """The name is in the message, one line for each finding."""
    variables["SHOPDB_PLUGINS"] = "computers,shredders"

    done = bare.run("config", "check")

    assert done.returncode == 1
    assert done.stdout.startswith("SHOPDB_PLUGINS names 'shredders', which is not installed")
    assert done.stderr == "shopdb: 1 fault in the settings; `shopdb config` shows where each is from\n"

"""A wrong setting is reported by its name, and a secret's value is never shown."""

from collections.abc import Callable
from pathlib import Path

import pytest
from machine import remove_settings

from shopdb_core.cli import main

Refusal = Callable[..., str]

SECRETS = ["SECRET_KEY", "COLLECTOR_API_KEY", "COLLECTOR_API_KEY_COMPUTERS"]
WEAK = {
    "empty": "",
    "blank": "   ",
    "short": "only-31-characters-1234567890ab",
    "monotonous": "abababababababababababababababababab",
    "example": "replace-me-with-the-output-of-shopdb-init",
}
GOOD = {
    "SECRET_KEY": "a-secret-key-for-tests-0123456789-abcdef",
    "COLLECTOR_API_KEY": "a-collector-key-for-tests-0123456789-abc",
}


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Return a function that runs a command that reads every setting, and gives the one line of its error.

    A value of `None` leaves a variable out.
    """

    def run(variables: dict[str, str | None], *command: str) -> str:
        remove_settings(monkeypatch)
        for name, value in {**GOOD, **variables}.items():
            if value is not None:
                monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["shopdb", *(command or ("token", "create", "--subject", "me"))])
        with pytest.raises(SystemExit) as end:
            main()
        output = capsys.readouterr()
        assert (end.value.code, output.out) == (1, "")
        (line,) = output.err.splitlines()
        return line.removeprefix("shopdb: ")

    return run


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("weakness", WEAK)
def test_a_weak_secret(refusal: Refusal, variable: str, weakness: str) -> None:
    """Empty, short, monotonous, or copied from an example."""
    line = refusal({variable: WEAK[weakness]})

    assert line.startswith(f"{variable} ")
    assert not WEAK[weakness].strip() or WEAK[weakness] not in line


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("weakness", WEAK)
def test_a_weak_secret_in_a_file(refusal: Refusal, tmp_path: Path, variable: str, weakness: str) -> None:
    """A weak secret in a file is refused, too."""
    file = tmp_path / "secret"
    file.write_text(WEAK[weakness] + "\n")

    line = refusal({variable: None, f"{variable}_FILE": str(file)})

    assert line.startswith(variable)
    assert not WEAK[weakness].strip() or WEAK[weakness] not in line


def test_no_secret_key(refusal: Refusal) -> None:
    """There is no default; the error says how to get one."""
    line = refusal({"SECRET_KEY": None})

    assert " has no .env file, and SECRET_KEY is not set: run the command in the site's directory" in line


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_set_both_ways(refusal: Refusal, tmp_path: Path, variable: str) -> None:
    """A secret may come from the variable or from the file, not from both."""
    file = tmp_path / "secret"
    file.write_text("a-good-secret-of-more-than-32-characters")
    values = {variable: "another-secret-of-more-than-32-characters", f"{variable}_FILE": str(file)}

    line = refusal(values)

    assert line == f"{variable} and {variable}_FILE are both set; remove one of them."


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_s_file_that_is_missing(refusal: Refusal, variable: str) -> None:
    """The variable and the path are named."""
    line = refusal({variable: None, f"{variable}_FILE": "no/such/file"})

    assert line == f"{variable}_FILE names a file that cannot be read: no/such/file"


def test_a_key_that_no_header_can_carry(refusal: Refusal) -> None:
    """A key that no client could ever send is a start-up error."""
    key = "schlüssel-mit-mehr-als-32-zeichen-0123456789"

    line = refusal({"COLLECTOR_API_KEY": key})

    assert line.startswith("COLLECTOR_API_KEY has a character")
    assert key not in line


def test_more_keys_than_a_rotation_needs(refusal: Refusal) -> None:
    """Two keys are for rotation; a third was forgotten."""
    keys = ",".join(f"key-number-{number}-of-more-than-32-characters" for number in range(3))

    line = refusal({"COLLECTOR_API_KEY": keys})

    assert line.startswith("COLLECTOR_API_KEY holds 3 keys")
    assert "key-number" not in line


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SHOPDB_LISTEN", ""),
        ("SHOPDB_LISTEN", "8080"),
        ("SHOPDB_LISTEN", "127.0.0.1"),
        ("SHOPDB_LISTEN", "127.0.0.1:http"),
        ("SHOPDB_LISTEN", "127.0.0.1:65536"),
        ("SHOPDB_LISTEN", "127.0.0.1:-1"),
        ("SHOPDB_TIMEZONE", "Mars/Olympus_Mons"),
        ("SHOPDB_TIMEZONE", "../../etc/passwd"),
        ("SHOPDB_TIMEZONE", ""),
        ("SHOPDB_MAX_BODY_BYTES", "0"),
        ("SHOPDB_MAX_BODY_BYTES", "-1"),
        ("SHOPDB_MAX_BODY_BYTES", "1 MiB"),
        ("SHOPDB_MAX_BODY_BYTES", "²"),
        ("SHOPDB_THREADS", "many"),
        ("SHOPDB_WORKERS", "0"),
        ("SHOPDB_DEBUG", "yes"),
        ("SHOPDB_COMPUTERS_ONMATCH", "merge"),
        ("SHOPDB_COMPUTERS_ONMATCH", ""),
        ("SHOPDB_DATABASE_URL", ""),
        ("SHOPDB_PLUGINS", ""),
        ("SHOPDB_PLUGINS", "computer"),
    ],
)
def test_a_setting_that_cannot_be_used(refusal: Refusal, variable: str, value: str) -> None:
    """The variable is named."""
    command = ("plugin", "list") if variable == "SHOPDB_PLUGINS" else ()

    assert refusal({variable: value}, *command).startswith(f"{variable} ")


def test_a_dotenv_that_is_not_text(refusal: Refusal, tmp_path: Path) -> None:
    """The file is named."""
    (tmp_path / ".env").write_bytes(b"SECRET_KEY=\xff\xfe\n")

    assert refusal({}).startswith(".env cannot be read")


@pytest.mark.parametrize(
    ("variable", "value", "meant"),
    [
        ("COLLECTOR_API_KEY_COMPUTER", "a-key-for-tests-0123456789-abcdefghijklm", "computers"),
        ("SHOPDB_PRINTER_ONMATCH", "adopt", "printers"),
        ("SHOPDB_PRINTER_ADOPT_AFTER_HOURS", "48", "printers"),
    ],
)
def test_a_setting_of_a_plugin_that_is_not_installed(
    refusal: Refusal, variable: str, value: str, meant: str
) -> None:
    """A key for a misspelt collector would open nothing, in silence."""
    line = refusal({variable: value}, "serve")

    assert line.startswith(f"{variable} is set, and the plugin ")
    assert line.endswith(f"Did you mean {meant}?")
    assert value not in line or value == "adopt"


@pytest.mark.parametrize("command", [("serve",), ("token", "create", "--subject", "me"), ("audit", "verify")])
def test_a_dotenv_that_every_user_can_read(
    refusal: Refusal, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """A database's password in it is reported before anything is done."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("SHOPDB_DATABASE_URL=postgresql://shopdb:hunter2@127.0.0.1:1/shopdb\n")
    dotenv.chmod(0o644)

    line = refusal({}, *command)

    assert line.startswith(".env can be read by every user of this machine, and has SHOPDB_DATABASE_URL")
    assert "hunter2" not in line

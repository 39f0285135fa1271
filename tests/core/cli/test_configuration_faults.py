"""Every setting that is wrong keeps a site from starting, by its name; a secret's value is never shown."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]

SECRETS = ["SECRET_KEY", "COLLECTOR_API_KEY", "COLLECTOR_API_KEY_COMPUTERS"]
WEAK = {
    "empty": "",
    "blank": "   ",
    "short": "only-31-characters-1234567890ab",
    "monotonous": "abababababababababababababababababab",
    "example": "replace-me-with-the-output-of-shopdb-init",
}
TOKEN = ("token", "create", "--subject", "me")
"""The quickest of the commands that read every setting."""


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("weakness", WEAK)
def test_a_weak_secret(make_site: MakeSite, refused: Refused, variable: str, weakness: str) -> None:
    """Empty, short, monotonous, or copied from an example."""
    line = refused(make_site(variables={variable: WEAK[weakness]}).run(*TOKEN))

    assert line.startswith(f"{variable} ")
    assert not WEAK[weakness].strip() or WEAK[weakness] not in line


@pytest.mark.parametrize("variable", SECRETS)
@pytest.mark.parametrize("weakness", WEAK)
def test_a_weak_secret_in_a_file(
    make_site: MakeSite, refused: Refused, tmp_path: Path, variable: str, weakness: str
) -> None:
    """A file makes a secret no better."""
    file = tmp_path / "secret"
    file.write_text(WEAK[weakness] + "\n")
    site = make_site(variables={f"{variable}_FILE": str(file)})
    site.variables.pop(variable, None)

    line = refused(site.run(*TOKEN))

    assert line.startswith(variable)
    assert not WEAK[weakness].strip() or WEAK[weakness] not in line


def test_no_secret_key(make_site: MakeSite, refused: Refused) -> None:
    """There is no default; the error says how to get one."""
    site = make_site()
    del site.variables["SECRET_KEY"]

    assert (
        refused(site.run("serve")) == "SECRET_KEY is not set; `shopdb init` writes a .env file that has one."
    )


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_set_both_ways(make_site: MakeSite, refused: Refused, tmp_path: Path, variable: str) -> None:
    """Which of the two would hold is not for a program to guess."""
    file = tmp_path / "secret"
    file.write_text("a-good-secret-of-more-than-32-characters")
    values = {variable: "another-secret-of-more-than-32-characters", f"{variable}_FILE": str(file)}

    line = refused(make_site(variables=values).run(*TOKEN))

    assert line == f"{variable} and {variable}_FILE are both set; remove one of them."


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_s_file_that_is_missing(make_site: MakeSite, refused: Refused, variable: str) -> None:
    """The variable and the path are named."""
    site = make_site(variables={f"{variable}_FILE": "no/such/file"})
    site.variables.pop(variable, None)

    line = refused(site.run(*TOKEN))

    assert line == f"{variable}_FILE names a file that cannot be read: no/such/file"


def test_a_key_that_no_header_can_carry(make_site: MakeSite, refused: Refused) -> None:
    """A key that no client could ever send is a start-up error."""
    key = "schlüssel-mit-mehr-als-32-zeichen-0123456789"

    line = refused(make_site(variables={"COLLECTOR_API_KEY": key}).run(*TOKEN))

    assert line.startswith("COLLECTOR_API_KEY has a character")
    assert key not in line


def test_more_keys_than_a_rotation_needs(make_site: MakeSite, refused: Refused) -> None:
    """Two keys are for rotation; a third was forgotten."""
    keys = ",".join(f"key-number-{number}-of-more-than-32-characters" for number in range(3))

    line = refused(make_site(variables={"COLLECTOR_API_KEY": keys}).run(*TOKEN))

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
        ("SHOPDB_COMPUTERS_ONMATCH", "merge"),
        ("SHOPDB_COMPUTERS_ONMATCH", ""),
        ("SHOPDB_DATABASE_URL", ""),
        ("SHOPDB_PLUGINS", ""),
        ("SHOPDB_PLUGINS", "computer"),
    ],
)
def test_a_setting_that_cannot_be(make_site: MakeSite, refused: Refused, variable: str, value: str) -> None:
    """The variable is named."""
    command = ("plugin", "list") if variable == "SHOPDB_PLUGINS" else TOKEN

    assert refused(make_site(variables={variable: value}).run(*command)).startswith(f"{variable} ")


def test_a_dotenv_that_is_no_text(make_site: MakeSite, refused: Refused) -> None:
    """The file is named."""
    site = make_site()
    (site.directory / ".env").write_bytes(b"SECRET_KEY=\xff\xfe\n")

    assert refused(site.run("serve")).startswith(".env cannot be read")

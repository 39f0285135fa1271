"""`shopdb init`: a new site in an empty directory."""

import stat
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from dotenv import dotenv_values

from shopdb_core.cli.operations import write_dotenv
from shopdb_core.errors import ConfigurationError

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
        write_dotenv(tmp_path / "missing" / ".env")

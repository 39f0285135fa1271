"""The commands of docs/deploy.md that set up, back up, restore and upgrade a site on a host."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from documents import fenced, sections
from machine import without_settings

GUIDE = Path(__file__).parents[2] / "docs/deploy.md"

PRELUDE = """\
set -euo pipefail
runuser() { shift 3; "$@"; }
systemctl() { :; }
"""
"""The commands run as the user of the test, and no service is there to start or stop."""

OF_THE_MACHINE = re.compile(r"(?m)^(?:python3 -m venv|\S+/pip) .*\n")
"""Lines that make an environment or install into one."""


@pytest.fixture
def host(tmp_path) -> Path:
    """Return a folder in the place of `/`, with two releases, the link to the first, and no site."""
    for folder in ("opt", "var/lib/shopdb", "var/backups/shopdb"):
        (tmp_path / folder).mkdir(parents=True)
    for release in ("shopdb-1", "shopdb-2"):
        (tmp_path / "opt" / release).symlink_to(sys.prefix)
    (tmp_path / "opt/shopdb").symlink_to("shopdb-1")
    return tmp_path


@pytest.fixture
def run(host) -> Callable[..., str]:
    """Return a function that runs commands of the guide on that host, and returns what they print."""

    def call(commands: str, typed: str = "") -> str:
        text = re.sub(r"(?<![\w.])/(?=opt/|var/)", f"{host}/", OF_THE_MACHINE.sub("", commands))
        command, environ = ["bash", "-c", PRELUDE + text], without_settings()
        done = subprocess.run(
            command, input=typed, capture_output=True, text=True, check=False, cwd=host, env=environ
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_a_site_is_set_up_restored_and_upgraded(host, run):
    """Each block succeeds after those before it, and a restored site has what the backup had."""
    parts = sections(GUIDE.read_text(encoding="utf-8"), 2)
    site = host / "var/lib/shopdb"
    init, add_user = (block for block in fenced(parts["On a Debian host"], "sh setup") if "cd /var" in block)
    backup, restore = fenced(parts["Backup and restore"], "sh setup")
    upgrade = fenced(parts["Upgrades and rollback"], "sh setup")[0]

    assert "The settings can be used." in run(init)
    add_user = add_user.replace("--role admin", "--role admin --password-stdin")
    assert "added ann (admin)" in run(add_user, "correct-horse-staple-17\n")
    assert "verified" in run(backup)
    for file in site.glob("shopdb.sqlite3*"):
        file.unlink()
    (archive,) = (host / "var/backups/shopdb").iterdir()
    assert "0 faults" in run(restore.replace("ARCHIVE", archive.name))
    assert "0 pending migrations" in run(upgrade)

    assert (host / "opt/shopdb").readlink() == Path("shopdb-2")
    assert "ann" in run("cd /var/lib/shopdb && /opt/shopdb/bin/shopdb user list")

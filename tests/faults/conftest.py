"""What the fault tests share: their scale, queries beside the server, writers, and plugins that misbehave."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from database_servers import own_server, own_servers
from writers import SiteWithDatabase, Writer, Writers

__all__ = ["own_server", "own_servers"]  # fixtures

PLUGINS = Path(__file__).parent / "plugins"


@pytest.fixture
def query() -> Callable[[SiteWithDatabase, str], list[tuple]]:
    """Return a function that queries a site's database, beside its server."""
    return lambda site, sql: site.database.query(sql)


@pytest.fixture
def writers() -> Writers:
    """Return eight writers."""
    return Writers([Writer(f"writer{number}") for number in range(8)])


@pytest.fixture
def check_sound() -> Callable[[SiteWithDatabase], None]:
    """Return a function that fails unless a site's database and the history of its assets are sound."""

    def check(site: SiteWithDatabase) -> None:
        verified = site.run("audit", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        unaudited = "SELECT assetid FROM asset WHERE assetid NOT IN (SELECT assetid FROM auditentry)"
        assert site.database.query(unaudited) == []
        if site.database.kind == "sqlite":
            assert site.database.query("PRAGMA integrity_check") == [("ok",)]
            assert site.database.query("PRAGMA foreign_key_check") == []

    return check


@pytest.fixture
def container(not_permitted: Callable[[str], NoReturn]) -> list[str]:
    """Return the command that makes what it starts the first process of a process namespace."""
    command = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], check=False).returncode != 0:
        not_permitted("a process namespace cannot be made here")
    return command


@pytest.fixture
def child_of() -> Callable[[int], int]:
    """Return a function that gives the first process that a process started."""
    return lambda pid: int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@pytest.fixture
def install(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Return a function that installs a plugin of this folder; it gives the variables a site needs for it."""

    def write(name: str) -> dict[str, str]:
        information = tmp_path / "installed" / f"{name}-1.0.dist-info"
        information.mkdir(parents=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[shopdb]\n{name} = {name}\n")
        places = [str(information.parent), str(PLUGINS), os.environ.get("PYTHONPATH")]
        return {"PYTHONPATH": os.pathsep.join(filter(None, places))}

    return write


@pytest.fixture
def temporary(make_site):
    """Return a server whose temporary files have a directory of their own, and that directory."""
    site = make_site()
    directory = site.directory / "temporary"
    directory.mkdir()
    site.variables["TMPDIR"] = str(directory)
    site.upgrade()
    return site.serve(), directory

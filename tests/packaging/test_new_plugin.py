"""What `shopdb plugin new` writes: it builds, installs, passes its own tests and serves, without one edit."""

import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import URL, make_url

MakeSite = Callable[..., Any]
VARIANTS = {"racks": (), "paper_shredders": ("--with-tables",)}


@dataclass(frozen=True)
class NewPlugin:
    """A plugin that was just written: its name, its files, and the folder that its wheel is installed in."""

    name: str
    files: Path
    installed: Path


@pytest.fixture(scope="session", params=VARIANTS)
def new_plugin(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, install: Callable[..., Path]
) -> NewPlugin:
    """Write a plugin, build its wheel and install that."""
    place = tmp_path_factory.mktemp("new")
    run(place, "-m", "shopdb_core", "plugin", "new", request.param, "--defaults", *VARIANTS[request.param])
    (files,) = place.iterdir()
    run(files, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", place / "dist", ".")
    return NewPlugin(request.param, files, install(*(place / "dist").iterdir()))


def run(directory: Path, *arguments: str | Path, **environ: str) -> None:
    """Run Python to a good end."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=directory,
        env={"PATH": str(Path(sys.executable).parent), "HOME": str(directory), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def signed_in(site: Any) -> Iterator[httpx.Client]:
    """Serve, with a client that may submit and read."""
    with site.serve().client() as client:
        client.headers["Authorization"] = f"Bearer {site.token()}"
        yield client


def test_it_passes_its_own_tests(new_plugin: NewPlugin) -> None:
    """As its wheel, and with what it writes on a server of its own."""
    # -P: what is installed is tested, and not what lies beside the tests.
    run(new_plugin.files, "-P", "-m", "pytest", PYTHONPATH=str(new_plugin.installed))


def test_its_workflow_checks_it_on_database_servers(
    new_plugin: NewPlugin, server_url: Callable[[str], URL]
) -> None:
    """The command names the two services; it passes on the servers of the tests."""
    workflow = yaml.safe_load((new_plugin.files / ".github/workflows/ci.yml").read_text("utf-8"))
    job = workflow["jobs"]["databases"]
    (*_, command) = (step["run"] for step in job["steps"] if "run" in step)
    options = [make_url(each) for each in shlex.split(command) if "://" in each]

    assert shlex.split(command)[:4] == ["shopdb", "plugin", "check", "."]
    ports = [service["ports"] for service in job["services"].values()]
    assert ports == [[f"{url.port}:{url.port}"] for url in options]
    urls = [server_url({"mariadb": "mysql"}.get(each.drivername, each.drivername)) for each in options]
    given = [("--database-url", url.render_as_string(hide_password=False)) for url in urls]
    run(
        new_plugin.files,
        *("-P", "-m", "shopdb_core", "plugin", "check", new_plugin.name, *chain(*given)),
        PYTHONPATH=str(new_plugin.installed),
    )


def test_it_serves(new_plugin: NewPlugin, make_site: MakeSite) -> None:
    """Its example, as the site shows it, makes an asset and is known again."""
    site = make_site(variables={"PYTHONPATH": str(new_plugin.installed)})
    site.upgrade()
    with signed_in(site) as client:
        example = client.get(f"/api/collector/_schemas/{new_plugin.name}").json()["examples"][0]
        answers = [client.post(f"/api/collector/{new_plugin.name}", json=example) for _ in range(2)]

    assert [(answer.status_code, answer.json()["action"]) for answer in answers] == [
        (201, "created"),
        (200, "noop"),
    ]


@pytest.mark.every_database
@pytest.mark.parametrize("new_plugin", ["paper_shredders"], indirect=True)
def test_its_rows_are_those_of_the_asset(new_plugin: NewPlugin, make_site: MakeSite) -> None:
    """After an update, a partial submission and a null the report answers what is stored."""
    site = make_site(variables={"PYTHONPATH": str(new_plugin.installed)})
    site.upgrade()
    fan, belt = {"name": "fan", "version": "1"}, {"name": "belt"}
    submissions = [{"parts": [fan, belt]}, {"location": "Hall 3"}, {"parts": [fan, fan]}, {"parts": None}]

    reported = []
    with signed_in(site) as client:
        for submission in submissions:
            client.post("/api/collector/paper_shredders", json={"serialnumber": "X-1", **submission})
            rows = client.get("/api/reports/paper_shredders/parts").json()["items"]
            reported.append([(row["location"], row["part"], row["version"]) for row in rows])

    assert reported == [
        [(None, "belt", None), (None, "fan", "1")],
        [("Hall 3", "belt", None), ("Hall 3", "fan", "1")],
        [("Hall 3", "fan", "1"), ("Hall 3", "fan", "1")],
        [],
    ]


@pytest.mark.parametrize("new_plugin", ["paper_shredders"], indirect=True)
def test_an_asset_that_is_older_than_the_tables_gets_its_rows(
    new_plugin: NewPlugin, make_site: MakeSite
) -> None:
    """With the next submission that changes anything of it, be it another field."""
    site = make_site(variables={"PYTHONPATH": str(new_plugin.installed)})
    site.upgrade()
    with signed_in(site) as client:
        address = "/api/collector/paper_shredders"
        client.post(address, json={"serialnumber": "X-1", "parts": [{"name": "fan"}]})
        with closing(sqlite3.connect(site.database.file)) as database, database:
            database.execute("DELETE FROM paper_shredders_part")
            database.execute("DELETE FROM paper_shredders_device")
        client.post(address, json={"serialnumber": "X-1", "uptimeseconds": 60})
        rows = client.get("/api/reports/paper_shredders/parts").json()["items"]

    assert [row["part"] for row in rows] == ["fan"]

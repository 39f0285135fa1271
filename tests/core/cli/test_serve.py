"""`shopdb serve`: what it prints, and what keeps it from starting."""

import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]


def test_it_prints_one_line_and_accepts_requests(site: Any) -> None:
    """The line's URL answers; after SIGTERM nothing follows, and the exit code is 0."""
    server = site.serve()

    assert httpx.get(f"{server.url}/api/health", timeout=30, trust_env=False).status_code == 200
    assert server.stop() == 0
    assert server.process.stdout.read() == ""


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one", "two"])
def test_scripts_get_the_url_and_the_process_as_json(site: Any, options: list[str]) -> None:
    """The first line is one object; the process is that which SIGTERM ends, the master of several workers."""
    server = site.serve(options=["--json", *options])

    announced = json.loads(server.line)
    assert announced == {"url": server.url, "pid": server.process.pid}
    assert httpx.get(f"{announced['url']}/api/health", timeout=30, trust_env=False).status_code == 200
    assert server.stop() == 0


SENTENCE = re.compile(
    "no such table: computers_software"
    '|relation "computers_software" does not exist'
    "|computers_software' doesn't exist"
)


def failing(site: Any, *options: str) -> tuple[str, str]:
    """Make `store_asset` and a report fail in the database; return the answers and the log."""
    site.database.query("ALTER TABLE computers_software RENAME TO computers_gone")
    server = site.serve(options=options)
    software = [{"name": "Confidential Tool", "version": "1"}]
    stored = server.submit("computers", {"hostname": "PC-1", "installedsoftware": software})
    headers = {"Authorization": f"Bearer {site.token()}"}
    with server.client() as client:
        reported = client.get("/api/reports/computers/software", headers=headers)
    server.stop()
    assert (stored.status_code, reported.status_code) == (500, 500)
    return stored.text + reported.text, server.log.read_text()


@pytest.mark.every_database
def test_debug_logs_what_the_database_said(site: Any) -> None:
    """With the plugin's lines; no client gets it, and the parameters of the statements are left out."""
    answers, log = failing(site, "--debug")

    assert len(SENTENCE.findall(log)) >= 2
    assert log.count("shopdb_computers/") >= 2
    assert not SENTENCE.search(answers)
    assert "Confidential" not in log


@pytest.mark.every_database
def test_without_debug_the_log_has_no_message(site: Any) -> None:
    """A message may quote a payload."""
    _, log = failing(site)

    assert not SENTENCE.search(log)
    assert log.count("shopdb_computers/") >= 2


def test_workers_log_it_too(site: Any) -> None:
    """The option reaches every worker."""
    assert SENTENCE.search(failing(site, "--debug", "--workers", "2")[1])


def test_an_address_in_use_is_named(site: Any, refused: Refused) -> None:
    """A second server on one port says which setting to change."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        site.variables["SHOPDB_LISTEN"] = address

        line = refused(site.run("serve"))

    assert line.startswith(f"SHOPDB_LISTEN={address} cannot be used: ")


def test_an_address_of_other_workers_is_in_use(site: Any, refused: Refused) -> None:
    """Two servers cannot share a port by balanced sockets."""
    site.variables["SHOPDB_WORKERS"] = "2"
    first = site.serve()
    site.variables["SHOPDB_LISTEN"] = first.url.removeprefix("http://")

    line = refused(site.run("serve"))

    assert line.endswith("cannot be used: Address already in use")


def test_the_option_overrides_the_setting(site: Any) -> None:
    """One worker is the server itself, without another process."""
    site.variables["SHOPDB_WORKERS"] = "2"

    server = site.serve(options=["--workers", "1"])

    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    assert children.read_text() == ""
    assert server.stop() == 0


@pytest.mark.every_database
def test_workers_on_sqlite_are_advised_against(site: Any) -> None:
    """One line of the log says that one process is as fast; on a database server there is none."""
    server = site.serve(options=["--workers", "2"])
    assert server.stop() == 0

    advice = server.log.read_text().count("on SQLite one process stores submissions as fast")
    assert advice == (site.database.kind == "sqlite")


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        ("import sys; sys.modules['gunicorn'] = None", "pip install 'shopdb-core[workers]'"),
        ("import platform; platform.system = lambda: 'Windows'", "needs Linux"),
    ],
)
def test_several_workers_where_they_cannot_run(
    site: Any, refused: Refused, tmp_path: Path, machine: str, sentence: str
) -> None:
    """Without gunicorn, and on another system, one line gives the reason and the next step."""
    (tmp_path / "sitecustomize.py").write_text(machine)
    site.variables["PYTHONPATH"] = str(tmp_path)

    assert sentence in refused(site.run("serve", "--workers", "2"))


def test_no_workers_are_wrong_usage(site: Any) -> None:
    """The option takes a number above 0."""
    done = site.run("serve", "--workers", "0")

    assert (done.returncode, done.stdout) == (2, "")
    assert "--workers" in done.stderr


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "203.0.113.7"])
def test_an_address_of_another_machine_is_named(site: Any, refused: Refused, host: str) -> None:
    """A name that does not resolve, and an address that is not this machine's."""
    site.variables |= {"SHOPDB_LISTEN": f"{host}:8080", "SHOPDB_ENV": "development"}

    assert refused(site.run("serve")).startswith(f"SHOPDB_LISTEN={host}:8080 cannot be used: ")


def test_a_name_with_two_addresses_is_served_on_one(site: Any) -> None:
    """On most machines, `localhost` is both 127.0.0.1 and ::1."""
    site.variables["SHOPDB_LISTEN"] = "localhost:0"

    assert site.serve().submit("computers", {"hostname": "PC-1", "osname": "Debian"}).status_code == 201


@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_tables_it_names_the_command(make_site: MakeSite, refused: Refused, workers: str) -> None:
    """A new site's first error is also its first instruction; several workers say it once."""
    done = make_site().run("serve", "--workers", workers)

    assert refused(done).endswith("run `shopdb db upgrade`")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("not a url", "SHOPDB_DATABASE_URL is not a database URL"),
        ("oracle://scott:tiger-0123456789@host/db", "SHOPDB_DATABASE_URL names oracle"),
        ("sqlite://", "SHOPDB_DATABASE_URL does not name a file"),
        ("sqlite://shopdb.sqlite3", "SHOPDB_DATABASE_URL does not name a file"),
        ("sqlite:///no/such/folder/shopdb.sqlite3", "The database file cannot be opened"),
    ],
)
def test_a_database_url_that_cannot_be_used_is_refused(
    make_site: MakeSite, refused: Refused, url: str, message: str
) -> None:
    """The variable is named, a password in it is not shown."""
    site = make_site(variables={"SHOPDB_DATABASE_URL": url})

    lines = [refused(site.run(*command)) for command in (["serve"], ["db", "upgrade"])]

    assert all(line.startswith(message) for line in lines)
    assert "tiger" not in str(lines)


def test_a_file_that_is_not_a_database_is_refused(make_site: MakeSite, refused: Refused) -> None:
    """The file is left as it was."""
    site = make_site()
    site.database.file.write_text("Dear diary, " * 1000)

    assert refused(site.run("db", "upgrade")).startswith("The database file is not a SQLite database.")
    assert site.database.file.read_text().startswith("Dear diary")


def test_the_log_is_one_line_per_request_without_the_key(site: Any) -> None:
    """Standard output stays free for scripts, the log goes to stderr."""
    server = site.serve()
    server.submit("computers", {"hostname": "PC-1", "osname": "Debian"})
    server.stop()

    lines = server.log.read_text().splitlines()

    assert len([line for line in lines if "/api/collector/computers" in line]) == 1
    assert server.key not in server.log.read_text()
    assert json.dumps("Debian") not in server.log.read_text()

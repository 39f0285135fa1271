"""A database that cannot be used is reported in one line without the password, before anything is served."""

import getpass
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from databases import Database, administer, execute
from machine import remove_settings
from sqlalchemy import URL, make_url
from sqlalchemy.exc import OperationalError

from shopdb_core.cli import main
from shopdb_core.errors import Unavailable
from shopdb_core.settings import Settings
from shopdb_core.store import open_store

SECRET = "a-secret-key-for-tests-0123456789-abcdef"
PASSWORD = "a-password-of-the-test"
SERVERS = ("postgresql", "mysql")
REFUSED = ("SHOPDB_DATABASE_URL: The server refuses", "SHOPDB_DATABASE_URL: The database server refuses")

Refusal = Callable[..., str]
ServerURL = Callable[[str], URL]


@pytest.fixture
def refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refusal:
    """Return a function that runs `shopdb db upgrade` and `status` on a URL, and returns their one line."""

    def run(url: URL | str) -> str:
        shown = url if isinstance(url, str) else url.render_as_string(hide_password=False)
        remove_settings(monkeypatch)
        monkeypatch.setenv("SECRET_KEY", SECRET)
        monkeypatch.setenv("SHOPDB_DATABASE_URL", shown)
        monkeypatch.chdir(tmp_path)
        lines = [line_of(command, monkeypatch, capsys) for command in ("upgrade", "status")]
        assert PASSWORD not in "".join(lines)
        assert lines[0] == lines[1]
        return lines[0].removeprefix("shopdb: ")

    return run


def line_of(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that ends with exit code 1 and a line on stderr."""
    monkeypatch.setattr("sys.argv", ["shopdb", "db", command])
    with pytest.raises(SystemExit) as end:
        main()
    output = capsys.readouterr()
    assert (end.value.code, output.out) == (1, "")
    (line,) = output.err.splitlines()
    return line


@pytest.fixture
def unused_port() -> int:
    """Return a loopback port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("database_kind", ["mysql"])
def test_a_schema_of_another_charset(refusal: Refusal, database: Database) -> None:
    """In latin1 most submissions could not be stored."""
    url = make_url(database.url)
    administer(url, f"ALTER DATABASE {url.database} CHARACTER SET latin1")

    assert "character_set_database is latin1: run ALTER DATABASE" in refusal(url)


@pytest.mark.parametrize("database_kind", ["mysql"])
def test_a_server_that_alters_values(refusal: Refusal, database: Database) -> None:
    """Without strict mode the server would truncate values."""
    url = make_url(database.url).update_query_dict({"init_command": "SET sql_mode=''"})

    assert "sql_mode lacks STRICT_TRANS_TABLES" in refusal(url)


@pytest.fixture
def small_server(tmp_path: Path, unused_port: int) -> Iterator[URL]:
    """Return a database on a MariaDB server of the test's own that takes packets of 1 MiB at most."""
    if shutil.which("mariadb-install-db") is None:
        pytest.skip("no MariaDB server is installed here")
    own = ["--no-defaults", f"--datadir={tmp_path}/data", f"--user={getpass.getuser()}"]
    install = ["mariadb-install-db", *own, "--auth-root-authentication-method=normal"]
    subprocess.run(install, check=True, capture_output=True)
    listen = [f"--socket={tmp_path}/s.sock", f"--port={unused_port}", "--bind-address=127.0.0.1"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            ["mariadbd", *own, *listen, "--max-allowed-packet=1M"], stdout=log, stderr=log
        )
    server = URL.create("mysql", "root", host="127.0.0.1", port=unused_port, database="mysql")
    try:
        wait_for(server)
        administer(server, "CREATE DATABASE small CHARACTER SET utf8mb4")
        yield server.set(database="small")
    finally:
        process.terminate()
        process.wait(30)


def wait_for(server: URL) -> None:
    """Wait until a server answers, for half a minute at most."""
    for _ in range(300):
        try:
            return administer(server, "SELECT 1")
        except OperationalError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


def test_a_server_with_a_small_packet_limit(refusal: Refusal, small_server: URL) -> None:
    """A submission and its diff must fit into one packet."""
    assert "max_allowed_packet is 1048576: it must be at least 16777216" in refusal(small_server)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_database_of_another_encoding(refusal: Refusal, database: Database, encoding: str) -> None:
    """PostgreSQL sets the encoding when the database is created."""
    url = make_url(database.url)
    administer(url.set(database="postgres"), f"DROP DATABASE {url.database}")
    administer(
        url.set(database="postgres"),
        f"CREATE DATABASE {url.database} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0",
    )

    assert f"encoding is {encoding}: create it with ENCODING 'UTF8'" in refusal(url)


@pytest.mark.parametrize("kind", SERVERS)
def test_an_unknown_database(refusal: Refusal, server_url: ServerURL, kind: str) -> None:
    """The server's message names the database."""
    line = refusal(server_url(kind).set(database="shopdb_that_is_not_there"))

    assert line.startswith(REFUSED)
    assert "shopdb_that_is_not_there" in line


@pytest.mark.parametrize("kind", SERVERS)
def test_a_user_that_is_refused(refusal: Refusal, server_url: ServerURL, kind: str) -> None:
    """The user is named, the password is not."""
    line = refusal(server_url(kind).set(username="shopdb_nobody", password=PASSWORD))

    assert line.startswith(REFUSED)
    assert "shopdb_nobody" in line


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_that_does_not_run(
    refusal: Refusal, server_url: ServerURL, kind: str, unused_port: int
) -> None:
    """The line says to try again later."""
    url = server_url(kind).set(port=unused_port, password=PASSWORD)

    assert refusal(url).startswith("SHOPDB_DATABASE_URL: The database server is away. Try again later. ")


@pytest.mark.parametrize("kind", SERVERS)
def test_the_answer_does_not_name_the_server(server_url: ServerURL, kind: str, unused_port: int) -> None:
    """The driver's message is printed by commands only: a request may open a store, too."""
    url = server_url(kind).set(port=unused_port).render_as_string(hide_password=False)

    with pytest.raises(Unavailable) as failure:
        open_store(Settings(secret_key=SECRET, database_url=url))

    assert str(unused_port) not in str(failure.value)


@pytest.mark.parametrize(("kind", "module"), [("postgresql", "psycopg"), ("mysql", "MySQLdb")])
def test_a_driver_that_is_not_installed(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch, kind: str, module: str
) -> None:
    """The line contains the command that installs the driver."""
    monkeypatch.setitem(sys.modules, module, None)

    assert refusal(f"{kind}://a:{PASSWORD}@localhost/x") == (
        f"The driver is missing: run pip install 'shopdb-core[{kind}]'"
    )


@pytest.mark.parametrize(
    ("database_kind", "option", "value"),
    [
        ("postgresql", "nope", "1"),
        ("postgresql", "port", "soon"),
        ("mysql", "nope", "1"),
        ("mysql", "local_infile", "x"),
    ],
)
def test_an_invalid_option(refusal: Refusal, database: Database, option: str, value: str) -> None:
    """The driver's message names the option or its value."""
    url = make_url(database.url).set(password=PASSWORD).update_query_dict({option: value})

    line = refusal(url)

    assert line.startswith("SHOPDB_DATABASE_URL")
    assert option in line or value in line


@pytest.mark.parametrize(
    "url",
    [
        f"oracle://a:{PASSWORD}@localhost/x",
        f"postgresql+psycopg2://a:{PASSWORD}@localhost/x",
        f"mysql+pymysql://a:{PASSWORD}@localhost/x",
        f"postgresql://a:{PASSWORD}@localhost",
        f"mariadb://a:{PASSWORD}@localhost",
        f"postgresql://a:{PASSWORD}@localhost:port/x",
        f"mysql://a:{PASSWORD}@localhost/x?host=db1:port",
        PASSWORD,
    ],
)
def test_an_invalid_url(refusal: Refusal, url: str) -> None:
    """The URL is not printed, since it contains a password."""
    assert refusal(url).startswith("SHOPDB_DATABASE_URL")


@pytest.mark.parametrize(
    ("database_kind", "driver"),
    [
        ("postgresql", "postgresql"),
        ("postgresql", "postgresql+psycopg"),
        ("mysql", "mysql"),
        ("mysql", "mysql+mysqldb"),
        ("mysql", "mariadb"),
        ("mysql", "mariadb+mysqldb"),
    ],
)
def test_every_spelling_of_a_url(database: Database, driver: str) -> None:
    """The URL may omit the driver."""
    url = make_url(database.url).set(drivername=driver).render_as_string(hide_password=False)

    open_store(Settings(secret_key=SECRET, database_url=url)).close()


@pytest.mark.parametrize("database_kind", SERVERS)
def test_the_second_of_several_hosts(database: Database, unused_port: int) -> None:
    """If the first server does not answer, the next one is used."""
    url = make_url(database.url)
    hosts = (f"127.0.0.1:{unused_port}", f"{url.host}:{url.port}")
    several = URL.create(
        url.drivername, url.username, url.password, database=url.database, query={"host": hosts}
    )
    store = open_store(
        Settings(secret_key=SECRET, database_url=several.render_as_string(hide_password=False))
    )

    assert store.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar()) == 1
    store.close()
    assert execute(url, "SELECT 1") == [(1,)]

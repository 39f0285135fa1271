"""A third party's wheel comes, goes and comes back beside the released wheels of ours."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

MakeSite = Callable[..., Any]
EXAMPLE = Path(__file__).parents[2] / "examples/shopdb-network"
SWITCH = {
    "macaddress": "001a.2b3c.4d00",
    "sysname": "sw-hall3",
    "ports": [{"ifindex": 2, "name": "Gi1/0/2", "adminstatus": "up", "operstatus": "down"}],
}
STORED = [(1, 0, 2, "Gi1/0/2", "up", "down", None, None)]


@dataclass(frozen=True)
class Environment:
    """A virtual environment with our four wheels, into which another may be installed."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> str:
        """Run a command to a good end, and return what it prints."""
        done = subprocess.run(
            [*map(str, arguments)],
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pip(self, *arguments: str | Path) -> None:
        """Run pip for it, without an index."""
        self.run(sys.executable, "-m", "pip", "--quiet", "--python", self.python, *arguments)

    def install(self, *wheels: Path) -> None:
        """Install wheels without their dependencies."""
        self.pip("install", "--no-deps", "--no-index", "--ignore-installed", *wheels)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the third party's wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, f"--wheel-dir={folder}", str(EXAMPLE)], check=True)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Environment:
    """Make a virtual environment of the four wheels; the libraries are those of the tests' own."""
    made = Environment(tmp_path_factory.mktemp("environment"))
    venv.create(made.folder, symlinks=True)
    own = Path(made.run(made.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    made.install(*wheels.glob("*.whl"))
    imported = made.run(made.python, "-c", "import shopdb_core; print(shopdb_core.__file__)")
    assert Path(imported).is_relative_to(own)
    return made


@pytest.fixture
def site(make_site: MakeSite, environment: Environment, wheel: Path) -> Any:
    """A site in that environment, with the third party's plugin."""
    environment.install(wheel)
    site = make_site()
    site.python = environment.python
    site.upgrade()
    return site


@contextmanager
def served(site: Any) -> Iterator[httpx.Client]:
    """Serve for as long as the block lasts, with a client that may submit and read."""
    server = site.serve()
    with server.client() as client:
        client.headers["Authorization"] = f"Bearer {site.token()}"
        yield client
    server.stop()


def submit(client: httpx.Client) -> tuple[int, str | None]:
    """Submit the switch, and return the status and the action."""
    answer = client.post("/api/collector/network", json=SWITCH)
    return answer.status_code, answer.json().get("action")


def offered(client: httpx.Client) -> set[str]:
    """Return the names of the collectors, and of the third party's reports."""
    reports = client.get("/api/reports").json()["items"]
    names = {f"{report['plugin']}/{report['name']}" for report in reports if report["plugin"] == "network"}
    return names | client.get("/api/collector/_schemas").json()["collectors"].keys()


def test_it_passes_its_own_tests(environment: Environment, wheel: Path, tmp_path: Path) -> None:
    """Those that it brings, among them ours for every plugin, against its wheel and ours."""
    environment.install(wheel)
    shutil.copy(EXAMPLE / "pyproject.toml", tmp_path)
    shutil.copytree(EXAMPLE / "tests", tmp_path / "tests")

    environment.run(environment.python, "-m", "pytest", cwd=tmp_path)


@pytest.mark.every_database
def test_installed_it_is_there(site: Any) -> None:
    """Its endpoint, schema, reports and command appear beside ours."""
    with served(site) as client:
        assert submit(client) == (201, "created")
        assert offered(client) == {
            "computers",
            "network",
            "printers",
            "network/ports_down",
            "network/firmware",
        }
        (row,) = client.get("/api/reports/network/ports_down").json()["items"]

    assert (row["sysname"], row["port"], row["operstatus"]) == ("sw-hall3", "Gi1/0/2", "down")
    assert "Read a switch or access point by SNMP" in site.run("network-poll", "--help").stdout


def test_uninstalled_it_is_gone_and_its_data_kept(site: Any, environment: Environment, wheel: Path) -> None:
    """No endpoint, schema or report is left, the asset and the rows are; installed again, it goes on."""
    with served(site) as client:
        submit(client)
    environment.pip("uninstall", "--yes", "shopdb-network")
    site.upgrade()

    with served(site) as client:
        assert submit(client) == (404, None)
        assert offered(client) == {"computers", "printers"}
        (asset,) = client.get("/api/assets").json()["items"]
    assert (asset["assettype"], asset["identityvalue"]) == ("network", SWITCH["macaddress"])
    assert site.database.query("SELECT * FROM network_port") == STORED

    environment.install(wheel)
    site.upgrade()
    with served(site) as client:
        assert submit(client) == (200, "noop")
    assert site.database.query("SELECT * FROM network_port") == STORED

"""A full disk: submissions are refused for the time being, reads go on, and nothing is lost."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MIB = 1024 * 1024
MOST = 2_000

pytestmark = pytest.mark.every_database


@dataclass(frozen=True)
class Sizes:
    """In MiB: the disk, and what lies on it that can be removed."""

    disk: int
    ballast: int


SIZES = {"sqlite": Sizes(6, 2), "postgresql": Sizes(48, 4), "mysql": Sizes(51, 4)}
"""For servers: an empty one has 30 to 40 MiB already. On a larger disk MariaDB ends instead of refusing."""


@pytest.fixture
def small_disk(database_kind: str, not_permitted) -> Iterator[Path]:
    """Mount a small file system; its path is open to the accounts that database servers run as."""
    folder = Path(tempfile.mkdtemp(prefix="shopdb-", dir="/tmp"))
    folder.chmod(0o755)
    place = folder / "data"
    place.mkdir()
    options = f"size={SIZES[database_kind].disk}m,mode=777"
    mount = ["mount", "-t", "tmpfs", "-o", options, "shopdb-test", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        not_permitted("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)
    shutil.rmtree(folder)


@pytest.fixture
def make_database(database_kind: str, small_disk: Path, make_own_server) -> Iterator[Any]:
    """Let the site have its database on a server whose files, but not its log, are on the small disk."""
    if database_kind == "sqlite":
        yield None
        return
    elsewhere = {"postgresql": (f"--waldir={small_disk.parent}/log-of-writes",), "mysql": ()}
    server = make_own_server(database_kind, small_disk.parent, installed_with=elsewhere[database_kind])
    yield lambda _kind: server.make_database()
    server.kill()


@pytest.fixture
def ballast(small_disk: Path) -> Path:
    """Return the file that is removed to make room."""
    return small_disk / "ballast"


@pytest.fixture
def small_site(database_kind: str, small_disk: Path, ballast: Path, make_site: Callable[[], Any]) -> Any:
    """Return a site whose database is on the small disk, beside the ballast."""
    site = make_site()
    if database_kind == "sqlite":
        site.database.file.symlink_to(small_disk / "shopdb.sqlite3")
    site.upgrade()
    ballast.write_bytes(bytes(SIZES[database_kind].ballast * MIB))
    return site


def submission(number: int) -> dict[str, object]:
    programs = [{"name": f"program {number} {item} {'x' * 300}"} for item in range(100)]
    return {"hostname": f"pc-{number}", "installedsoftware": programs}


def submit_until_refused(server) -> tuple[list[str], object]:
    """Return the identities that were acknowledged, and the refusal."""
    acknowledged = []
    for number in range(MOST):
        answer = server.submit("computers", submission(number))
        if not answer.is_success:
            return acknowledged, answer
        acknowledged.append(answer.json()["identityvalue"])
    pytest.fail("the disk did not fill up")


def test_full_disk_loses_nothing(small_site, ballast, query, check_sound) -> None:
    """A full disk is a 503 that says when to come back; what was acknowledged stays and can be read."""
    # The token is made before: a new one is a row, for which there is no room later.
    token = small_site.token()
    server = small_site.serve()

    acknowledged, refusal = submit_until_refused(server)

    assert refusal.status_code == 503
    assert "disk" in refusal.json()["detail"]
    assert int(refusal.headers["Retry-After"]) > 0
    with server.client() as reader:
        reader.headers["Authorization"] = f"Bearer {token}"
        listed = reader.get("/api/assets?limit=1000")
        assert [item["identityvalue"] for item in listed.json()["items"]] == acknowledged
        assert reader.get("/api/health").status_code == 200

    ballast.unlink()

    assert server.submit("computers", submission(0)).status_code == 200
    assert server.submit("computers", {"hostname": "after"}).status_code == 201
    assert server.stop() == 0
    assert query(small_site, "SELECT identityvalue FROM asset ORDER BY assetid") == [
        (name,) for name in [*acknowledged, "after"]
    ]
    check_sound(small_site)

"""A full disk: submissions are refused for the time being, reads go on, and nothing is lost."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

MIB = 1024 * 1024
MOST = 2_000


@pytest.fixture
def small_disk(tmp_path: Path, not_permitted) -> Iterator[Path]:
    """Mount a file system of 6 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m", "shopdb-test", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        not_permitted("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def small_site(small_disk: Path, make_site):
    """Return a site whose database, but not its log, is on the small disk beside 1 MiB that can be freed."""
    site = make_site()
    (small_disk / "ballast").write_bytes(bytes(MIB))
    site.database.file.symlink_to(small_disk / "shopdb.sqlite3")
    site.upgrade()
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


def test_full_disk_loses_nothing(small_site, small_disk, query, check_sound) -> None:
    """A full disk is a 503 that says when to come back; what was acknowledged stays and can be read."""
    server = small_site.serve()

    acknowledged, refusal = submit_until_refused(server)

    assert refusal.status_code == 503
    assert int(refusal.headers["Retry-After"]) > 0
    with server.client() as reader:
        reader.headers["Authorization"] = f"Bearer {small_site.token()}"
        listed = reader.get("/api/assets?limit=1000")
        assert [item["identityvalue"] for item in listed.json()["items"]] == acknowledged
        assert reader.get("/api/health").status_code == 200

    (small_disk / "ballast").unlink()

    assert server.submit("computers", submission(0)).status_code == 200
    assert server.submit("computers", {"hostname": "after"}).status_code == 201
    assert server.stop() == 0
    assert query(small_site, "SELECT identityvalue FROM asset") == [
        (name,) for name in [*acknowledged, "after"]
    ]
    check_sound(small_site)

"""Refused bodies leave nothing behind: no memory, no temporary file."""

import logging
import os
from pathlib import Path

import pytest

MIB = 1024 * 1024
OVERSIZED = b'{"hostname": "' + b"x" * (2 * MIB) + b'"}'
WARM_UP = 10

logger = logging.getLogger(__name__)


@pytest.fixture
def temporary(make_site):
    """Return a server whose temporary files have a directory of their own, and that directory."""
    site = make_site()
    directory = site.directory / "temporary"
    directory.mkdir()
    site.variables["TMPDIR"] = str(directory)
    site.upgrade()
    return site.serve(), directory


def resident_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def target_of(link: Path) -> Path | None:
    """Return the file of a descriptor, unless it was closed meanwhile."""
    try:
        return link.readlink()
    except FileNotFoundError:
        return None


def open_files(pid: int, directory: Path) -> list[Path]:
    """Return the files below `directory` that a process has open, deleted ones included."""
    targets = filter(None, map(target_of, Path(f"/proc/{pid}/fd").iterdir()))
    return [target for target in targets if target.is_relative_to(directory)]


@pytest.mark.alone
def test_oversized_posts_leave_nothing(temporary, scale) -> None:
    """However many oversized bodies come, the process grows by less than 50 MB and keeps no file."""
    server, directory = temporary
    pid, headers = server.process.pid, {"Content-Type": "application/json"}
    with server.client() as client:

        def post(count: int) -> set[int]:
            url = "/api/collector/computers"
            return {client.post(url, content=OVERSIZED, headers=headers).status_code for _ in range(count)}

        assert post(WARM_UP) == {413}
        before = resident_bytes(pid)

        statuses = post(scale(100, 1_000))

        grown = resident_bytes(pid) - before
        logger.info("grown by %d bytes", grown)
        assert statuses == {413}
        assert grown < 50_000_000
        assert client.get("/api/health").status_code == 200
    assert open_files(pid, directory) == []
    assert list(directory.iterdir()) == []

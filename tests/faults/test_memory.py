"""Refused bodies leave nothing behind, and large answers take no more memory than a few pages."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

MIB = 1024 * 1024
OVERSIZED = b'{"hostname": "' + b"x" * (2 * MIB) + b'"}'
WARM_UP = 10

logger = logging.getLogger(__name__)


def resident_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def peak_bytes(pid: int) -> int:
    """Return the most memory that a process has had."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line)
    return int(line.split()[1]) * 1024


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


LARGE_ASSETS = 60
LETTERS = 800_000
READERS = 4
ROUNDS = 3


@pytest.mark.alone
@pytest.mark.every_database
def test_large_answers_take_a_few_pages_of_memory(site) -> None:
    """Four readers at once of 48 MB in one list get 8 MiB each, and the process grows by a few times that."""
    # glibc gives back what is freed, so that the figure is what the server holds.
    site.variables["MALLOC_MMAP_THRESHOLD_"] = "131072"
    server = site.serve()
    pid, headers = server.process.pid, {"Authorization": f"Bearer {site.token('editor')}"}
    paths = ["/api/assets?limit=1000", "/api/audit?limit=1000"]
    with server.client() as client:
        client.headers.update(headers)

        def read(path: str) -> int:
            return len(client.get(path).raise_for_status().content)

        for number in range(LARGE_ASSETS):
            asset = {"assettype": "cell", "identityvalue": f"Cell {number}"}
            entered = client.post("/api/assets", json={**asset, "attributes": {"text": "x" * LETTERS}})
            assert entered.status_code == 201
        read("/api/assets?limit=1")
        before = resident_bytes(pid)

        with ThreadPoolExecutor(READERS) as readers:
            sizes = list(readers.map(read, paths * READERS * ROUNDS))

        grown = peak_bytes(pid) - before
        logger.info("grown by %d bytes on %s", grown, site.database.kind)
        assert max(sizes) <= 8 * MIB
        assert min(sizes) > 7 * MIB
        # SQLite's connections also keep pages of the file.
        assert grown < (300_000_000 if site.database.kind == "sqlite" else 150_000_000)


PROGRAMS = 300


@pytest.mark.alone
def test_submissions_take_little_memory(site, scale) -> None:
    """However large the file becomes, a server has little more memory than after its first request."""
    server = site.serve()
    pid = server.process.pid
    with server.client() as client:

        def submit(number: int) -> int:
            programs = [
                {"name": f"Program {each:04}", "version": f"1.{number % 9}"} for each in range(PROGRAMS)
            ]
            submission = {"hostname": f"PC-{number:06}", "installedsoftware": programs}
            return client.post("/api/collector/computers", json=submission).status_code

        assert client.get("/api/health").status_code == 200
        before = resident_bytes(pid)

        with ThreadPoolExecutor(READERS) as submitters:
            statuses = set(submitters.map(submit, range(scale(300, 100_000))))

        after = resident_bytes(pid)
        logger.info("%d bytes, then %d", before, after)
        assert statuses == {201}
        assert before < 80_000_000
        assert after < before * 1.35

"""`shopdb submit`: files to a running server, and what became of each."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with submissions: three that fit, one that does not, one that is no JSON."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    for number in range(3):
        content = {"hostname": f"PC-{number}", "osname": "Debian"}
        (folder / f"pc{number}.json").write_text(json.dumps(content))
    (folder / "wrong.json").write_text('{"hostname": "PC-9", "osname": 11}')
    (folder / "broken.json").write_text('{"hostname": ')
    return folder


@pytest.fixture
def running(site: Any) -> Any:
    """A site whose own server is running, where its settings say."""
    server = site.serve()
    site.variables["SHOPDB_LISTEN"] = server.url.removeprefix("http://")
    return site


def test_many_files_are_sent_one_by_one(running: Any, files: Path) -> None:
    """A line each, exit code 0; sent again, nothing changes."""
    paths = [str(files / f"pc{number}.json") for number in range(3)]

    first, second = (running.run("submit", "computers", *paths) for _ in range(2))

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines() == [
        f"{path}: created asset {n}" for n, path in enumerate(paths, start=1)
    ]
    assert second.stdout.splitlines() == [f"{path}: noop asset {n}" for n, path in enumerate(paths, start=1)]


def test_a_refused_file_is_named_and_the_others_are_stored(running: Any, files: Path) -> None:
    """Each failure has a line of its own, the last line counts them."""
    names = ["pc0.json", "wrong.json", "broken.json", "missing.json", "pc1.json"]

    done = running.run("submit", "computers", *(str(files / name) for name in names))

    assert done.returncode == 1
    assert [line.partition(": ")[2] for line in done.stdout.splitlines()] == [
        "created asset 1",
        "created asset 2",
    ]
    wrong, broken, missing, summary = done.stderr.splitlines()
    assert wrong.startswith(f"{files / 'wrong.json'}: ")
    assert "/osname" in wrong
    assert broken.startswith(f"{files / 'broken.json'}: ")
    assert missing == f"{files / 'missing.json'}: cannot be read: No such file or directory"
    assert summary == "shopdb: 3 of 5 files failed; the others are stored."


def test_standard_input_is_a_file_too(running: Any) -> None:
    """`-` reads what another command writes."""
    done = running.run("submit", "computers", "-", input='{"hostname": "PC-1", "osname": "Debian"}')

    assert (done.returncode, done.stdout) == (0, "-: created asset 1\n")


def test_a_dry_run_stores_nothing(running: Any, files: Path) -> None:
    """It says what would happen."""
    done = running.run("submit", "computers", str(files / "pc0.json"), "--dry-run")

    assert done.stdout == f"{files / 'pc0.json'}: created a new asset\n"
    assert running.run("asset", "list", "--json").stdout == "[]\n"


def test_json_tells_every_answer(running: Any, files: Path) -> None:
    """For scripts: the server's answers as they came, refused ones included."""
    paths = [str(files / name) for name in ("pc0.json", "wrong.json")]

    done = running.run("submit", "computers", *paths, "--json")

    assert done.returncode == 1
    good, bad = json.loads(done.stdout)
    assert (good["file"], good["answer"]["action"], good["problem"]) == (paths[0], "created", "")
    assert (bad["file"], bad["answer"]["status"]) == (paths[1], 422)


def test_a_wrong_key_and_an_unknown_plugin_are_told(running: Any, files: Path) -> None:
    """The server's own words, and the key is not repeated."""
    file, key = str(files / "pc0.json"), "some-other-key-of-more-than-32-characters"

    wrong = running.run("submit", "computers", file, "--key", key)
    unknown = running.run("submit", "nosuchplugin", file)

    assert (wrong.returncode, unknown.returncode) == (1, 1)
    assert f"{file}: X-API-Key is missing or wrong" in wrong.stderr
    assert key not in wrong.stderr
    assert f"{file}: There is no collector named 'nosuchplugin'" in unknown.stderr


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1", "https://nosuchhost.invalid", "ftp://host", "host", "http://host:port"]
)
def test_a_server_that_does_not_answer_is_told(make_site: MakeSite, files: Path, url: str) -> None:
    """Unreachable, unknown, or no address at all: a line, no traceback."""
    done = make_site().run("submit", "computers", str(files / "pc0.json"), f"--url={url}")

    assert done.returncode == 1
    told, summary = done.stderr.splitlines()
    assert told.startswith(f"{files / 'pc0.json'}: could not be sent: ")
    assert summary == "shopdb: 1 of 1 files failed; the others are stored."


def test_without_a_key_it_says_how_to_give_one(make_site: MakeSite, refused: Refused, files: Path) -> None:
    """A client needs no other setting."""
    site = make_site()
    site.variables.clear()

    line = refused(site.run("submit", "computers", str(files / "pc0.json")))

    assert line == "There is no key for computers: give --key, or set COLLECTOR_API_KEY."

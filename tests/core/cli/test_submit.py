"""`shopdb submit`: files to a running server, and what became of each."""

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with submissions: three that fit, one that does not, one that is not JSON."""
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


def test_further_faults_are_counted(running: Any) -> None:
    """The line names the first fault, and the command that lists all."""
    done = running.run("submit", "computers", "-", input='{"hostname": "PC-1", "osname": 1, "cputype": 2}')

    line, _ = done.stderr.splitlines()
    assert " (and 1 more). Prefer: handling=lenient leaves out " in line
    assert line.endswith("; `shopdb validate` lists all")


def test_standard_input_is_a_file_too(running: Any) -> None:
    """`-` reads what another command writes."""
    done = running.run("submit", "computers", "-", input='{"hostname": "PC-1", "osname": "Debian"}')

    assert (done.returncode, done.stdout) == (0, "-: created asset 1\n")


def test_a_dry_run_stores_nothing(running: Any, files: Path) -> None:
    """It says what would happen."""
    done = running.run("submit", "computers", str(files / "pc0.json"), "--dry-run")

    assert done.stdout == f"{files / 'pc0.json'}: created a new asset\n"
    assert running.run("asset", "list", "--json").stdout == "[]\n"


def test_json_prints_every_answer(running: Any, files: Path) -> None:
    """For scripts: the server's answers as they came, refused ones included."""
    paths = [str(files / name) for name in ("pc0.json", "wrong.json")]

    done = running.run("submit", "computers", *paths, "--json")

    assert done.returncode == 1
    good, bad = json.loads(done.stdout)
    assert (good["file"], good["answer"]["action"], good["problem"]) == (paths[0], "created", "")
    assert (bad["file"], bad["answer"]["status"]) == (paths[1], 422)


def test_a_wrong_key_and_an_unknown_plugin_are_reported(running: Any, files: Path) -> None:
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
def test_a_server_that_does_not_answer_is_reported(make_site: MakeSite, files: Path, url: str) -> None:
    """An unreachable, unknown or malformed address is one line, without a traceback."""
    done = make_site().run("submit", "computers", str(files / "pc0.json"), f"--url={url}")

    assert done.returncode == 1
    line, summary = done.stderr.splitlines()
    assert line.startswith(f"{files / 'pc0.json'}: could not be sent: ")
    assert summary == "shopdb: 1 of 1 file failed."


def test_without_a_key_it_says_how_to_give_one(make_site: MakeSite, refused: Refused, files: Path) -> None:
    """A client needs no other setting."""
    site = make_site()
    site.variables.clear()

    line = refused(site.run("submit", "computers", str(files / "pc0.json")))

    assert line == "There is no key for computers: give --key, or set COLLECTOR_API_KEY."


def ndjson(tmp_path: Path, lines: list[object]) -> Path:
    """Write a file with a submission a line; text goes in as it is."""
    file = tmp_path / "many.ndjson"
    file.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return file


def test_a_batch_prints_its_figures(running: Any, tmp_path: Path) -> None:
    """One line a file where all went well; sent again, nothing changes."""
    file = ndjson(tmp_path, [{"hostname": f"PC-{number}"} for number in range(3)])

    first, second = (running.run("submit", "computers", str(file), "--batch") for _ in range(2))

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == f"{file}: 3 created, 0 updated, 0 noop, 0 failed\n"
    assert second.stdout == f"{file}: 0 created, 0 updated, 3 noop, 0 failed\n"


def test_a_batch_names_each_line_that_failed(running: Any, tmp_path: Path) -> None:
    """With its number in the file; the others are stored."""
    file = ndjson(
        tmp_path, [{"hostname": "PC-1"}, {"hostname": "PC-2", "osname": 11}, "", "{", {"hostname": "PC-3"}]
    )

    done = running.run("submit", "computers", str(file), "--batch")

    assert (done.returncode, done.stdout) == (1, f"{file}: 2 created, 0 updated, 0 noop, 2 failed\n")
    wrong, broken, summary = done.stderr.splitlines()
    assert wrong.startswith(f"{file}: line 2: ")
    assert "/osname" in wrong
    assert broken.startswith(f"{file}: line 4: The body is not JSON")
    assert summary == "shopdb: 2 of 4 submissions failed; the others are stored."


def test_a_batch_comes_from_standard_input_and_prints_json(running: Any) -> None:
    """For scripts: a line for each answer, as the server gave it, with the file's name."""
    content = '{"hostname": "PC-1"}\n{"hostname": "a\u2028b"}\n{}\n'

    done = running.run("submit", "computers", "-", "--batch", "--json", "--dry-run", input=content)

    assert done.returncode == 1
    first, second, third = map(json.loads, done.stdout.split("\n")[:-1])
    assert (first["file"], first["line"], first["action"], first["assetid"]) == ("-", 1, "created", None)
    assert second["identityvalue"] == "a\u2028b"
    assert (third["line"], third["status"]) == (3, 422)


def test_more_lines_than_a_batch_holds_are_sent_as_several(running: Any, tmp_path: Path) -> None:
    """The numbers are those of the file."""
    file = ndjson(tmp_path, [*({"hostname": f"PC-{number % 10}"} for number in range(10_500)), "{"])

    done = running.run("submit", "computers", str(file), "--batch")

    assert done.stdout == f"{file}: 10 created, 0 updated, 10490 noop, 1 failed\n"
    assert done.stderr.startswith(f"{file}: line 10501: ")


def test_more_bytes_than_a_batch_holds_are_sent_as_several(running: Any, tmp_path: Path) -> None:
    """Nothing is refused for the size of the file."""
    line = '{"hostname": "PC-1"}'.ljust(1_000_000)
    file = ndjson(tmp_path, [line] * 70)

    done = running.run("submit", "computers", str(file), "--batch")

    assert done.stdout == f"{file}: 1 created, 0 updated, 69 noop, 0 failed\n"


def test_a_batch_that_is_refused_or_cannot_be_read_is_reported(running: Any, tmp_path: Path) -> None:
    """One line for the file, and none of its lines counts."""
    file, missing = ndjson(tmp_path, [{"hostname": "PC-1"}]), tmp_path / "missing.ndjson"

    done = running.run("submit", "toasters", str(file), str(missing), "--batch")

    assert done.returncode == 1
    refused, unread, _ = done.stderr.splitlines()
    assert refused.startswith(f"{file}: There is no collector named 'toasters'")
    assert unread == f"{missing}: cannot be read: No such file or directory"


def test_a_cut_connection_is_reported_with_the_last_answered_line(
    make_site: MakeSite, tmp_path: Path
) -> None:
    """And that the same command may be run again."""
    file = ndjson(tmp_path, [{"hostname": "PC-1"}, {"hostname": "PC-2"}])
    answer = b'{"line":1,"status":"ok","action":"created","assetid":1,"identityvalue":"PC-1","warnings":[]}\n'
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        cut = pool.submit(answer_and_hang_up, listening, answer)
        site = make_site(variables={"SHOPDB_LISTEN": f"127.0.0.1:{listening.getsockname()[1]}"})

        done = site.run("submit", "computers", str(file), "--batch")
        cut.result()

    assert done.returncode == 1
    line, _ = done.stderr.splitlines()
    assert line.startswith(f"{file}: the connection broke after the answers up to line 1 (")
    assert "run the same command again" in line


def answer_and_hang_up(listening: socket.socket, line: bytes) -> None:
    """Answer a request with the first line of what it should get."""
    connection, _ = listening.accept()
    with connection:
        received = b""
        while not received.endswith(b"\r\n0\r\n\r\n"):
            received += connection.recv(65_536)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head + b"%x\r\n%b\r\n" % (len(line), line))

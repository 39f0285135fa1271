"""`shopdb submit` against odd keys, odd files, proxies, and servers that are away for a moment."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import CompletedProcess
from threading import Thread
from typing import Any

import pytest

MakeSite = Callable[..., Any]
Refused = Callable[[CompletedProcess[str]], str]
Answer = tuple[int, dict[str, str], bytes]

CREATED = json.dumps({"line": 1, "action": "created", "assetid": 1, "warnings": []}).encode() + b"\n"
JSON_LINES = {"Content-Type": "application/x-ndjson"}
AWAY = (503, {"Retry-After": "0"}, b'{"detail": "The database is away."}')


@contextmanager
def scripted(answers: Sequence[Answer]) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that gives one answer after the other; yields its address and the bodies that it got."""
    left, bodies = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self._body())
            status, headers, content = left.pop(0)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> bytes:
            if "Content-Length" in self.headers:
                return self.rfile.read(int(self.headers["Content-Length"]))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", bodies
        server.shutdown()


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A file with one submission, which fits a batch, too."""
    path = tmp_path / "pc.json"
    path.write_text('{"hostname": "PC-1"}\n')
    return str(path)


@pytest.mark.parametrize("key", ["schlüssel-" * 5, "a-key-with-a-line-feed\n" * 3])
def test_a_key_that_no_header_carries_is_refused(
    make_site: MakeSite, refused: Refused, file: str, key: str
) -> None:
    """In one line, which does not repeat the key."""
    line = refused(make_site().run("submit", "computers", file, "--key", key))

    assert line == "The key has a character that an HTTP header cannot carry: check --key."


@pytest.mark.parametrize("options", [[], ["--batch"]])
def test_a_file_that_cannot_be_read_does_not_end_the_others(
    make_site: MakeSite, file: str, tmp_path: Path, options: list[str]
) -> None:
    """An empty name, a folder, a missing file and one without permission are each reported."""
    missing, locked = tmp_path / "missing", tmp_path / "locked"
    locked.symlink_to(locked)  # cannot be opened, even by root
    with scripted([(200, JSON_LINES, CREATED)]) as (url, bodies):
        done = make_site().run(
            "submit",
            "computers",
            "",
            str(tmp_path),
            str(missing),
            str(locked),
            file,
            f"--url={url}",
            *options,
        )

    assert done.returncode == 1
    assert len(bodies) == 1
    assert [line.partition(": cannot be read: ")[::2] for line in done.stderr.splitlines()[:4]] == [
        ("''", "No such file or directory"),
        (str(tmp_path), "Is a directory"),
        (str(missing), "No such file or directory"),
        (str(locked), "Too many levels of symbolic links"),
    ]


@pytest.mark.parametrize("options", [[], ["--batch"]])
@pytest.mark.parametrize(
    ("status", "shown"), [(413, "413 Request Entity Too Large"), (200, "200 OK"), (302, "302 Found")]
)
def test_an_answer_of_a_proxy_is_reported_with_its_status(
    make_site: MakeSite, file: str, options: list[str], status: int, shown: str
) -> None:
    """HTML is not ShopDB's answer; the status says what the proxy refused."""
    with scripted([(status, {"Content-Type": "text/html"}, b"<html>no</html>")]) as (url, _):
        done = make_site().run("submit", "computers", file, f"--url={url}", *options)

    assert done.returncode == 1
    line = done.stderr.splitlines()[0]
    assert line == f"{file}: the answer is {shown} (text/html), not one of ShopDB; check --url and the proxy"


@pytest.mark.parametrize("options", [[], ["--batch"]])
def test_a_server_that_is_away_is_tried_again(make_site: MakeSite, file: str, options: list[str]) -> None:
    """After the seconds of `Retry-After`; the whole body is sent again, also that of a batch."""
    with scripted([AWAY, AWAY, (200, JSON_LINES, CREATED)]) as (url, bodies):
        done = make_site().run("submit", "computers", file, f"--url={url}", *options)

    assert (done.returncode, "created" in done.stdout) == (0, True)
    assert bodies == [b'{"hostname": "PC-1"}\n'] * 3
    assert done.stderr == f"{file}: the server is not available (503); next try in 0 s\n" * 2


@pytest.mark.parametrize("options", [[], ["--batch"]])
def test_a_server_that_stays_away_is_reported(make_site: MakeSite, file: str, options: list[str]) -> None:
    """After four tries, with the server's reason."""
    with scripted([AWAY] * 5) as (url, bodies):
        done = make_site().run("submit", "computers", file, f"--url={url}", *options)

    assert done.returncode == 1
    assert len(bodies) == 4
    assert done.stderr.splitlines()[3] == f"{file}: The database is away."

"""What reaches a terminal: hostile names, values and subjects through every command, on a pseudo-terminal."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from shopdb_core.access.tokens import Tokens

Terminal = Callable[..., str]

HOSTILE = "PC-\x1b[2J\x9b31m\u202e\u2066\x07\x7f\u2028\rx\nforged  computers  PC-0"
PROGRESS_BAR = re.compile(r"\r\x1b\[\?25l[^\r\n\x1b]*|\x1b\[\?25h")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")


def on_terminal(site: Any, *arguments: str) -> str:
    """Return what `shopdb ARGUMENTS` prints on a pseudo-terminal, by stdout and stderr."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "shopdb_core", *arguments]
    with subprocess.Popen(
        command, cwd=site.directory, env=site.environ, stdin=slave, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        printed = b"".join(iter(lambda: read(master), b""))
        process.wait(timeout=60)
    os.close(master)
    # The terminal's driver writes CR before each LF.
    return printed.decode().replace("\r\n", "\n")


def read(master: int) -> bytes:
    """Read from a pseudo-terminal; Linux raises at its end."""
    try:
        return os.read(master, 65_536)
    except OSError:
        return b""


@pytest.fixture
def stocked(site: Any) -> Any:
    """A site in which every text that a client or an older release could store is hostile."""
    server = site.serve()
    software = [{"name": f"7-Zip {HOSTILE}", "version": HOSTILE}]
    for submission in (
        {"hostname": "PC-1", "osname": HOSTILE, "installedsoftware": software},
        {"hostname": "PC-1", "osname": "Debian", "installedsoftware": []},
        {"hostname": "PC-2", "installedsoftware": software},
    ):
        assert server.submit("computers", submission).is_success
    entered = {"assettype": "cell", "identityvalue": "Cell 7", "attributes": {HOSTILE: {HOSTILE: HOSTILE}}}
    with server.client() as client:
        token = Tokens(site.variables["SECRET_KEY"]).issue("anna", "editor", timedelta(hours=1))
        answer = client.post(
            "/api/assets",
            json=entered,
            headers={"Authorization": f"Bearer {token}"},
        )
    assert answer.status_code == 201
    assert server.submit("printers", {"serialnumber": "SN-1", "supplies": [{HOSTILE: 1}]}).status_code == 422
    server.stop()
    site.database.query(
        "UPDATE refusal SET identityvalue = :hostile, source = :name", hostile=HOSTILE, name="\x9b1m"
    )
    site.database.query("UPDATE submissioncount SET source = :name", name="\x9b1m")
    # Tokens of an older release could have such a subject; today none is issued.
    site.database.query("UPDATE auditentry SET actor = :hostile WHERE assetid = 3", hostile=HOSTILE)
    site.database.query("UPDATE asset SET identityvalue = :hostile WHERE assetid < 3", hostile=HOSTILE)
    site.database.query("UPDATE assetattributes SET attributes = '{}' WHERE assetid = 3")
    return site


COMMANDS = [
    ["asset", "list"],
    ["asset", "list", "--json"],
    ["asset", "show", "3"],
    ["asset", "show", f"computers/{HOSTILE}"],
    ["asset", "history", "1"],
    ["asset", "history", "3"],
    ["asset", "history", "3", "--json"],
    ["audit", "verify"],
    ["audit", "verify", "--json"],
    ["refusals"],
    ["refusals", "--json"],
    ["refusals", "--plugin", HOSTILE],
    ["counts"],
    ["counts", "--json"],
    ["report", "computers", "software"],
    ["report", "computers", HOSTILE],
    ["submit", "computers", HOSTILE],
    ["validate", "computers", HOSTILE],
    ["plugin", "show", HOSTILE],
    ["plugin", "check", f"./{HOSTILE}"],
]


def test_stored_and_given_texts_cannot_control_the_terminal(stocked: Any) -> None:
    """No control character, no override of the direction of text, and no line that a value forged."""
    for arguments in COMMANDS:
        printed = on_terminal(stocked, *arguments)

        assert printed.strip()
        assert_inert(printed, arguments)
    listed = json.loads(on_terminal(stocked, "asset", "list", "--json"))
    assert [asset["identityvalue"] for asset in listed] == [HOSTILE, HOSTILE, "Cell 7"]


def assert_inert(printed: str, command: list[str]) -> None:
    """Expect no control character but those of the progress bar, and no line of a value's own."""
    text = PROGRESS_BAR.sub("", printed)
    assert not CONTROL.search(text), (command, ascii(text))
    assert not re.search(r"(?m)^forged", text), (command, text)


class HostileServer(BaseHTTPRequestHandler):
    """Answers a submission, a refused one and one of a batch with hostile texts."""

    def do_POST(self) -> None:
        """Answer by what the submission says."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        accepted = {"action": HOSTILE, "assetid": HOSTILE, "warnings": [HOSTILE], "line": 1}
        refused = {"detail": HOSTILE, "line": 1, "status": 422}
        answer = json.dumps(refused if b"refuse" in body or b"_batch" in self.path.encode() else accepted)
        self.send_response(422 if b"refuse" in body else 200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.end_headers()
        self.wfile.write(answer.encode() + b"\n")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.parametrize("options", [[], ["--json"], ["--batch"], ["--batch", "--json"]])
def test_a_server_cannot_control_the_terminal_of_its_clients(site: Any, options: list[str]) -> None:
    """What `shopdb submit` prints is escaped, since `--url` may name any server."""
    for name in ("accept", "refuse"):
        (site.directory / name).write_text(json.dumps({"hostname": name}))
    with HTTPServer(("127.0.0.1", 0), HostileServer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        printed = on_terminal(site, "submit", "computers", "accept", "refuse", "--url", url, *options)
        server.shutdown()

    assert "forged" in printed
    assert_inert(printed, options)


@pytest.mark.every_database
def test_a_control_character_in_an_identity_is_refused(server: Any, site: Any) -> None:
    """By the collector and where a person enters an asset; at the ends white space is trimmed, as always."""
    editor = {"Authorization": f"Bearer {site.token('editor')}"}
    for character in ("\x1b", "\x9b", "\n", "\t", "\x7f", "\u202e", "\u2066"):
        entry = {"assettype": "cell", "identityvalue": f"Cell{character}7", "attributes": {}}
        with server.client() as client:
            entered = client.post("/api/assets", json=entry, headers=editor)
        refused = server.submit("computers", {"hostname": f"PC{character}1"})

        for answer, pointer in ((refused, "/hostname"), (entered, "/identityvalue")):
            assert answer.status_code == 422
            (fault,) = answer.json()["errors"]
            assert (fault["pointer"], fault["keyword"]) == (pointer, "controlcharacter")
            assert character not in answer.json()["detail"]
    assert server.submit("computers", {"hostname": "PC-1\n"}).status_code == 201


@pytest.mark.parametrize(
    "arguments",
    [("asset", "show", "computers/PC-\udcff"), ("token", "revoke", "\udcff"), ("user", "enable", "\udcff")],
)
def test_an_argument_that_is_not_utf_8_is_refused(site: Any, arguments: tuple[str, ...]) -> None:
    """No database has such a text: wrong usage, in one line."""
    command = [sys.executable, "-m", "shopdb_core", *arguments]

    done = subprocess.run(
        command, check=False, cwd=site.directory, env=site.environ, capture_output=True, text=True, timeout=60
    )

    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("shopdb: an argument has bytes that are not UTF-8: ")
    assert "\\udcff" in line


def test_an_output_that_lacks_a_character_is_named(server: Any, site: Any) -> None:
    """As of a terminal in Latin-1: the line says what to set."""
    server.submit("computers", {"hostname": "PC-1", "currentuser": "Ω"})
    command = [sys.executable, "-m", "shopdb_core", "asset", "show", "computers/PC-1"]
    environ = {**site.environ, "PYTHONIOENCODING": "latin-1"}

    done = subprocess.run(
        command, check=False, cwd=site.directory, env=environ, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line == "shopdb: the output's encoding, latin-1, lacks '\\u03a9': set PYTHONIOENCODING=utf-8"

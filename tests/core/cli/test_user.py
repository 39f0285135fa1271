"""`shopdb user` and `shopdb token`: what they print, refuse, and change on a running server."""

import json
import os
import pty
import re
import select
import time
from collections.abc import Callable
from subprocess import PIPE, CompletedProcess, Popen
from typing import Any

import pytest

Site = Any
Refused = Callable[[CompletedProcess[str]], str]
PASSWORD = "purple-horse-battery-9"


def run(site: Site, *arguments: str, password: str | None = None) -> CompletedProcess[str]:
    """Run a command; with a password on its standard input, which is then no terminal."""
    options = ("--password-stdin",) if password else ()
    return site.run(*arguments, *options, input=f"{password or ''}\n")


def test_users_are_added_changed_and_listed(site: Site) -> None:
    """Each command prints one line, or JSON; the events say who did it."""
    printed = [
        run(site, "user", "add", "Ann", "--role", "admin", password=PASSWORD),
        run(site, "user", "add", "bob", password=PASSWORD),
        run(site, "user", "role", "BOB", "editor"),
        run(site, "user", "password", "bob", password="another-good-choice"),
        run(site, "user", "disable", "bob"),
        run(site, "user", "enable", "bob"),
    ]
    listed = json.loads(run(site, "user", "list", "--json").stdout)
    events = json.loads(run(site, "user", "events", "--json").stdout)

    assert [done.stderr for done in printed] == [""] * 6
    assert [done.stdout.strip() for done in printed] == [
        "added Ann (admin)",
        "added bob (viewer)",
        "bob is editor",
        "changed the password of bob",
        "disabled bob",
        "enabled bob",
    ]
    assert [(user["username"], user["role"], user["disabledat"]) for user in listed] == [
        ("Ann", "admin", None),
        ("bob", "editor", None),
    ]
    assert [event["action"] for event in events] == [
        "user added",
        "user added",
        "role changed",
        "password changed",
        "user disabled",
        "user enabled",
    ]
    assert all(event["actor"].startswith("cli:") for event in events)
    assert "argon2" not in run(site, "user", "list", "--json").stdout


def test_a_link_has_the_address_of_the_site(site: Site) -> None:
    """That of the settings unless another one is given; the events have no token."""
    run(site, "user", "add", "ann", password=PASSWORD)
    site.variables["SHOPDB_PUBLIC_URL"] = "https://shopdb.example.com/"

    printed = run(site, "user", "link", "ann").stdout
    as_json = json.loads(
        run(site, "user", "link", "ann", "--ttl", "1d", "--url", "http://x:1/", "--json").stdout
    )

    token = r"/sign-in/link\?token=[0-9a-f]{32}\.[A-Za-z0-9_-]{43}"
    assert re.fullmatch(rf"https://shopdb\.example\.com{token}\n", printed)
    assert re.fullmatch(f"http://x:1{token}", as_json["url"])
    assert printed.partition("=")[2].strip() not in run(site, "user", "events", "--json").stdout


@pytest.mark.parametrize(
    ("arguments", "password", "reason"),
    [
        (("user", "add", "ann"), PASSWORD, "There is a user 'ann' already"),
        (("user", "add", "a\tb"), PASSWORD, "A username has 1 to 100 printable characters."),
        (("user", "add", "bob"), "short", "A password has 12 to 128 characters"),
        (("user", "add", "bob"), "x1y2z3w4" * 17, "A password has 12 to 128 characters"),
        (("user", "add", "bob"), None, "There is no terminal to ask for a password; use --password-stdin."),
        (("user", "disable", "ann"), None, "'ann' is the last enabled admin"),
        (("user", "role", "ann", "viewer"), None, "'ann' is the last enabled admin"),
        (("user", "password", "carl"), PASSWORD, "There is no user 'carl'"),
        (("user", "link", "ann", "--ttl", "25h"), None, "A link that signs in is valid for at most one day."),
        (("user", "link", "carl"), None, "There is no user 'carl'"),
        (("token", "revoke", "nothing"), None, "There is no token of the name 'nothing'"),
    ],
)
def test_what_is_wrong_is_refused(site: Site, refused: Refused, arguments, password, reason) -> None:
    """In one line that says the next step, and nothing is changed."""
    run(site, "user", "add", "ann", "--role", "admin", password=PASSWORD)

    line = refused(run(site, *arguments, password=password))

    assert line.startswith(reason)
    ((role, disabledat),) = site.database.query("SELECT role, disabledat FROM appuser")
    assert (role, disabledat) == ("admin", None)


def test_on_a_terminal_it_asks_twice(site: Site) -> None:
    """Nothing that is typed is shown."""
    terminal, end = pty.openpty()
    command = [site.python, "-m", "shopdb_core", "user", "add", "ann"]
    with Popen(command, cwd=site.directory, env=site.environ, stdin=end, stdout=PIPE, stderr=end) as process:
        shown = ""
        for prompt in ("Password: ", "Repeat for confirmation: "):
            # What is typed before the prompt is discarded.
            while prompt not in shown:
                assert select.select([terminal], [], [], 60)[0], shown
                shown += os.read(terminal, 10_000).decode()
            os.write(terminal, f"{PASSWORD}\n".encode())
        printed, _ = process.communicate(timeout=60)
    os.close(end)
    os.close(terminal)

    assert printed.decode() == "added ann (viewer)\n"
    assert PASSWORD not in shown


@pytest.mark.every_database
def test_a_running_server_learns_of_a_change(site: Site) -> None:
    """A disabled user and a revoked token are refused within five seconds, by a process that knew them."""
    run(site, "user", "add", "ann", password=PASSWORD)
    token = site.run("token", "create", "--subject", "dashboard").stdout.strip()
    server = site.serve()
    with server.client() as client:
        body = {"username": "ann", "password": PASSWORD}
        signed_in = client.post("/api/auth/login", json=body).json()["accesstoken"]

        def statuses() -> set[int]:
            return {
                client.get("/api/assets", headers={"Authorization": f"Bearer {each}"}).status_code
                for each in (token, signed_in)
            }

        assert statuses() == {200}
        site.run("token", "revoke", "dashboard")
        site.run("user", "disable", "ann")
        deadline = time.monotonic() + 30
        while statuses() != {401} and time.monotonic() < deadline:
            time.sleep(0.1)
        assert statuses() == {401}

    assert server.stop() == 0
    log = server.log.read_text()
    assert [secret for secret in (PASSWORD, token, signed_in) if secret in log] == []
    ((used,),) = site.database.query("SELECT count(*) FROM programtoken WHERE lastusedat IS NOT NULL")
    assert used == 1


def test_a_large_body_of_who_signs_in_is_not_kept(site: Site) -> None:
    """Nobody without a token can send a megabyte; a browser with a cookie can send what others can."""
    run(site, "user", "add", "ann", "--role", "editor", password=PASSWORD)
    server = site.serve()
    large = {"username": "ann", "password": "x" * 1_000_000}
    with server.client() as client:
        refused = client.post("/api/auth/login", json=large)
        body = {"username": "ann", "password": PASSWORD, "cookies": True}
        csrftoken = client.post("/api/auth/login", json=body).json()["csrftoken"]
        asset = {"assettype": "cell", "identityvalue": "Cell 7", "attributes": {"note": "x" * 200_000}}
        created = client.post("/api/assets", json=asset, headers={"X-CSRF-Token": csrftoken})
        client.cookies.clear()
        without = client.post("/api/assets", json=asset, headers={"Cookie": "shopdb-session=x.y.z"})

    assert (refused.status_code, created.status_code, without.status_code) == (413, 201, 401)

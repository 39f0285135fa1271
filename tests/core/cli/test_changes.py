"""`shopdb changes` and `shopdb webhooks`: the feed for people and scripts, and webhooks that are resumed."""

import json
import signal
import subprocess
import sys
from threading import Thread

import pytest
from receiver import SECRET

HOOKS = f'[[webhook]]\nname = "tickets"\nurl = "http://127.0.0.1:9/"\nsecret = "{SECRET}"\n'


@pytest.fixture
def stocked(site):
    """Return a site that stored two computers, one of them twice."""
    server = site.serve()
    for name in ("PC-1", "PC-2", "PC-1"):
        assert server.submit("computers", {"hostname": name}).is_success
    return site


@pytest.fixture
def hooked(stocked):
    """Return the site with a webhook that has stopped before both changes."""
    (stocked.directory / "hooks.toml").write_text(HOOKS)
    (stocked.directory / "hooks.toml").chmod(0o600)
    stocked.variables["SHOPDB_WEBHOOKS"] = "hooks.toml"
    feedid = stocked.database.query("SELECT feedid FROM auditfeed")[0][0]
    stocked.database.query(
        "INSERT INTO webhook (name, nextafter, attempts, failingsince, stoppedat, lasterror) VALUES "
        "('tickets', :cursor, 30, '2026-11-01 00:00:00', '2026-11-02 00:00:00', 'answered 500')",
        cursor=f"{feedid}-0-00000000",
    )
    return stocked


def test_changes_are_shown_in_order(stocked):
    """A line and what changed for people; objects with the cursor after each for scripts."""
    lines = stocked.run("changes", "--kind", "change").stdout.splitlines()
    rows = [json.loads(line) for line in stocked.run("changes", "--json").stdout.splitlines()]

    assert [line.split()[3:5] for line in lines if line[0] != " "] == [
        ["created", "computers/PC-1"],
        ["created", "computers/PC-2"],
    ]
    assert "    hostname: - → PC-1" in lines
    assert [row["action"] for row in rows] == ["created", "created", "noop"]
    rest = stocked.run("changes", "--json", "--after", rows[0]["next"], "--limit", "1")
    assert [json.loads(line)["identityvalue"] for line in rest.stdout.splitlines()] == ["PC-2"]
    assert stocked.run("changes", "--after", "newest").stdout == ""
    assert stocked.run("changes", "--plugin", "printers").stdout == ""
    refused = stocked.run("changes", "--after", "7")
    assert refused.returncode == 1
    assert refused.stderr.startswith("shopdb: after must be newest, or")


def test_changes_are_followed(stocked):
    """What is committed while it runs is shown at once; Ctrl-C ends it without an error."""
    command = [sys.executable, "-m", "shopdb_core", "changes", "--after", "newest", "--follow", "--json"]
    with subprocess.Popen(
        command, cwd=stocked.directory, env=stocked.environ, stdout=subprocess.PIPE, text=True
    ) as following:
        lines: list[str] = []
        reading = Thread(target=lambda: lines.append(following.stdout.readline()))
        reading.start()
        # The command may begin after the first of them.
        for number in range(300):
            stocked.servers[0].submit("computers", {"hostname": f"new-{number}"})
            reading.join(0.1)
            if lines:
                break
        try:
            row = json.loads(lines[0])
            following.send_signal(signal.SIGINT)

            assert following.wait(20) == 0
        finally:
            following.kill()
    assert row["identityvalue"].startswith("new-")


def test_a_stopped_webhook_is_shown(hooked):
    """With why, and how many entries it is behind."""
    lines = hooked.run("webhooks", "list").stdout.splitlines()
    (row,) = json.loads(hooked.run("webhooks", "list", "--json").stdout)

    assert lines[1].split()[1:4] == ["tickets", "stopped", "3"]
    assert lines[1].endswith("answered 500")
    assert (row["state"], row["behind"], row["attempts"]) == ("stopped", 3, 30)


@pytest.mark.parametrize(("options", "behind"), [((), 3), (("--skip",), 2), (("--newest",), 0)])
def test_a_webhook_is_resumed(hooked, options, behind):
    """From where it stopped, after the entry that failed, or after everything."""
    done = hooked.run("webhooks", "resume", "tickets", *options)

    assert done.stdout == "webhook tickets is delivered again\n", done.stderr
    (row,) = json.loads(hooked.run("webhooks", "list", "--json").stdout)
    assert (row["state"], row["behind"], row["stoppedat"]) == ("active", behind, None)


def test_what_cannot_be_resumed(hooked):
    """A name that is not in the file, or two ways at once."""
    unknown = hooked.run("webhooks", "resume", "ticket")
    both = hooked.run("webhooks", "resume", "tickets", "--skip", "--newest")

    assert unknown.returncode == 1
    assert "Did you mean tickets?" in unknown.stderr
    assert both.returncode == 2

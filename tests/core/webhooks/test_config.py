"""The file of webhooks: what is wrong is named by file, table and key, with the next step."""

import pytest
from receiver import OTHER_SECRET, SECRET

from shopdb_core.errors import ConfigurationError
from shopdb_core.feed.reading import Selection
from shopdb_core.webhooks.config import LARGEST_FILE, read_webhooks

GOOD = f'name = "tickets"\nurl = "https://tickets.example/hook"\nsecret = "{SECRET}"\n'


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a file with the given text."""
    file = tmp_path / "webhooks.toml"

    def write_and_read(text: str):
        file.write_text(text)
        file.chmod(0o600)
        return read_webhooks(str(file), ["computers", "printers"])

    return write_and_read


def table(*lines: str, without: str = "") -> str:
    kept = [line for line in GOOD.splitlines() if not (without and line.startswith(without))]
    return "\n".join(["[[webhook]]", *kept, *lines, ""])


def test_without_a_file_there_are_none():
    """As on most sites."""
    assert read_webhooks(None, []) == ()


def test_everything_may_be_chosen(read):
    """Which entries are sent, and two secrets during a rotation; a second webhook has the defaults."""
    first = table(
        f'secret = ["{SECRET}", "{OTHER_SECRET}"]',
        'plugins = ["computers"]\nassettypes = ["computers"]\nactions = ["created", "retired"]\nnoops = true',
        without="secret",
    )

    chosen, plain = read(first + table().replace("tickets", "other"))

    assert chosen.selection == Selection(("computers",), ("computers",), ("created", "retired"), None)
    assert len(chosen.secrets) == 2
    assert plain.selection == Selection(kind="change")


def test_a_file_that_is_too_large_is_refused(read):
    """It is not cut off: what follows may be a webhook."""
    with pytest.raises(ConfigurationError, match=r"webhooks.toml: has more than 1048576 bytes"):
        read(table() + "#" * LARGEST_FILE + "\n" + table().replace("tickets", "other"))


def test_a_file_of_secrets(read, tmp_path):
    """One secret a line."""
    secrets = tmp_path / "secrets"
    secrets.write_text(f"{SECRET}\n{OTHER_SECRET}\n")

    (webhook,) = read(table(f'secretfile = "{secrets}"', without="secret"))

    assert [b"another" in secret for secret in webhook.secrets] == [False, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[[webhok]]", "webhok is not a table of it: write [[webhook]]. Did you mean webhook?"),
        ("[webhook]", "with two brackets each"),
        ("[[webhook]", "cannot be read: "),
        (
            table("secrets = 1"),
            "webhook 1 (tickets): secrets is not a key of a webhook; remove it. Did you mean",
        ),
        (table(without="name"), "webhook 1: name must be given, as a text"),
        (table('name = "Tickets!"', without="name"), "webhook 1: name must be up to 40 lower-case letters"),
        (table() + table(), "two webhooks have the name tickets: rename one of them"),
        (table(without="url"), "webhook 1 (tickets): url must be given, as a text"),
        (table('url = "ftp://x/"', without="url"), "(tickets): url must be the URL of the receiver"),
        (table('url = "https://x y/"', without="url"), "(tickets): url must be the URL of the receiver"),
        (table('url = "https://[::1/"', without="url"), "(tickets): url is not a URL"),
        (table('url = "https://u:p@x/"', without="url"), "(tickets): url must have neither a user name nor"),
        (table('url = "http://tickets.example/"', without="url"), "url must begin with https"),
        (table(without="secret"), "(tickets): secret must be given, or secretfile, and not both"),
        (table('secretfile = "/nowhere/at/all"', without="secret"), "secretfile cannot be read"),
        (
            table('secret = "whsec_c2hvcnQ="', without="secret"),
            "secret must be whsec_ and 24 to 64 random bytes",
        ),
        (
            table(f'secret = "{SECRET[6:]}"', without="secret"),
            "secret must be whsec_ and 24 to 64 random bytes",
        ),
        (table("secret = []", without="secret"), "secret must have one secret, or a list of up to 4"),
        (table('plugins = ["computer"]'), "'computer', which is none of computers, printers. Did you mean"),
        (table('actions = ["create"]'), "which is none of created, updated"),
        (table('assettypes = "cell"'), "assettypes must be a list of texts"),
        (table('noops = "yes"'), "noops must be true or false"),
    ],
)
def test_what_is_wrong_is_named(read, text, expected):
    """With the file, the table, its name and the key; a secret is never shown."""
    with pytest.raises(ConfigurationError) as caught:
        read(text)

    assert str(caught.value).startswith("SHOPDB_WEBHOOKS: ")
    assert "webhooks.toml: " in str(caught.value)
    assert expected in str(caught.value)
    assert SECRET[6:] not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://localhost/", "http://[::1]:9/x"])
def test_loopback_needs_no_encryption(read, url):
    """Nor does any other machine, if the site says so."""
    assert read(table(f'url = "{url}"', without="url"))
    assert read(table('url = "http://10.0.0.7/"', "insecure = true", without="url"))


def test_a_file_that_everybody_can_read_is_refused(read, tmp_path):
    """It has secrets."""
    read(table())
    (tmp_path / "webhooks.toml").chmod(0o644)

    with pytest.raises(ConfigurationError, match="run `chmod 600"):
        read_webhooks(str(tmp_path / "webhooks.toml"), [])


def test_a_secret_is_in_no_representation(read):
    """Of a webhook or its settings; nor is the address, which may have one."""
    (webhook,) = read(table())

    assert repr(webhook).startswith("Webhook(name='tickets', selection=")


def test_a_server_does_not_start_with_a_wrong_file(site):
    """One line names what to correct."""
    (site.directory / "hooks.toml").write_text("[[webhok]]")
    (site.directory / "hooks.toml").chmod(0o600)
    site.variables["SHOPDB_WEBHOOKS"] = "hooks.toml"

    done = site.run("serve")

    assert done.returncode == 1
    assert done.stderr.startswith("shopdb: SHOPDB_WEBHOOKS: hooks.toml: webhok is not a table of it")

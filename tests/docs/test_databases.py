"""Whether docs/databases.md creates a usable database, and docs/deploy.md lists the reasons of 503."""

import re
import secrets

import pytest
from databases import administer
from documents import table
from sqlalchemy import make_url

from shopdb_core.store.dialect import POOL_EXHAUSTED
from shopdb_core.store.server import mysql, postgresql

CLEAN_UP = {
    "postgresql": ("DROP DATABASE {0} WITH (FORCE)", "DROP ROLE {0}"),
    "mysql": ("DROP DATABASE {0}", "DROP USER {0}"),
}


@pytest.mark.parametrize("kind", CLEAN_UP)
def test_the_statements_make_a_database_that_the_url_opens(docs, blocks_of, make_site, server_url, kind):
    """The rights suffice to make the tables, to submit, and to verify."""
    server, name = server_url(kind), f"shopdb_docs_{secrets.token_hex(6)}"
    blocks = blocks_of(docs / "databases.md")
    statements = next(block.text for block in blocks if block.info.strip() == kind)
    setting = next(block.text for block in blocks if f"={kind}://" in block.text)
    url = make_url(setting.partition("=")[2].strip().replace("shopdb", name))
    url = url.set(host=server.host, port=server.port).render_as_string(hide_password=False)
    try:
        for statement in statements.strip().split(";\n"):
            administer(server, statement.replace("shopdb", name).rstrip(";"))
        site = make_site(variables={"SHOPDB_DATABASE_URL": url})
        site.upgrade()
        answer = site.serve().submit(
            "computers", {"hostname": "pc-1", "installedsoftware": [{"name": "tar"}]}
        )
        site.servers[0].stop()
        verified = site.run("audit", "verify")
    finally:
        for statement in CLEAN_UP[kind]:
            administer(server, statement.format(name))

    assert answer.status_code == 201
    assert verified.stdout == "1 asset, 1 entry, 0 faults\n"


def test_every_reason_for_a_503_is_listed(docs):
    """The table has a row for each, with cause and next step."""
    verdicts = [
        *postgresql._BY_CLASS.values(),
        *postgresql._BY_STATE.values(),
        *mysql._BY_NUMBER.values(),
        postgresql._REFUSED,
        POOL_EXHAUSTED,
    ]
    rows = table((docs / "deploy.md").read_text(), "| detail | cause | next step |")
    listed = {spelt for row in rows for spelt in spelt_out(row[0])}

    assert {verdict.reason for verdict in verdicts if verdict.reason} <= listed


def spelt_out(row: str) -> list[str]:
    """Return the sentences of a cell that gives their common beginning only once."""
    first, *others = row.split(" / ")
    subject = re.match(r"(.*?) (is|reports|takes|cannot|has) ", first)
    return [first, *(f"{subject[1]} {other}" for other in others)]


def test_the_least_packet_is_documented(docs):
    """The page names the number that is checked."""
    assert f"({mysql.LEAST_PACKET_BYTES})" in (docs / "databases.md").read_text()

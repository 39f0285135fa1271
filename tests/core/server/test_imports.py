"""What a server imports: only what it needs, since each library takes time at the start, and memory."""

import pytest

NOT_AT_THE_START = {
    "alembic",
    "argon2",
    "babel",
    "copier",
    "cryptography",
    "httpx",
    "hypothesis",
    "jinja2",
    "jsonschema",
    "jwt",
    "mako",
    "packaging",
    "pytest",
}


@pytest.fixture
def imported(site):
    """Return a server, and a function that gives the top-level packages that it has imported so far."""
    site.variables["PYTHONPROFILEIMPORTTIME"] = "1"
    server = site.serve()

    def packages() -> set[str]:
        lines = [line for line in server.log.read_text().splitlines() if line.startswith("import time:")]
        return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}

    return server, packages


def test_a_server_on_current_tables_imports_what_it_serves_with(imported) -> None:
    """Neither its start nor a valid submission imports what only other commands need."""
    server, packages = imported

    assert server.submit("computers", {"hostname": "PC-1"}).status_code == 201

    assert {"falcon", "jsonschema_rs", "sqlalchemy", "waitress"} <= packages()
    assert packages().isdisjoint(NOT_AT_THE_START)


def test_what_explains_faults_and_reads_tokens_is_imported_when_needed(imported) -> None:
    """The first refused submission imports jsonschema, the first token PyJWT."""
    server, packages = imported

    assert server.submit("computers", {"hostname": ["PC-1"]}).status_code == 422
    assert {"jsonschema", "jwt"} & packages() == {"jsonschema"}

    with server.client() as client:
        client.headers["Authorization"] = "Bearer no.such.token"
        assert client.get("/api/assets").status_code == 401
    assert "jwt" in packages()

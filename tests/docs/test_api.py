"""Whether docs/api.md and the contract describe what the application answers."""

import re

import falcon.inspect
import pytest
from falcon.testing import create_environ

from shopdb_computers.declaration import DECLARATION
from shopdb_core.app import create_app
from shopdb_core.operations.metrics import make_metrics
from shopdb_core.plugins.registry import load_plugins
from shopdb_core.settings import Settings
from shopdb_core.site import Site
from shopdb_core.store import open_store
from shopdb_core.web import problems

GENERATED = {"HEAD", "OPTIONS"}


@pytest.fixture
def app(tmp_path):
    """Return the application with the installed plugins, on a database without tables."""
    settings = Settings(
        secret_key="a-secret-key-for-tests-0123456789-abcdef",
        database_url=f"sqlite:///{tmp_path}/site.sqlite3",
        metrics_token="a-token-for-the-metrics-0123456789-abcd",
    )
    with Site(settings, load_plugins(settings.plugin_selection), open_store(settings)) as site:
        yield create_app(site, make_metrics(site))


OF_PROGRAMS = ("/api/", "/metrics")


def test_every_address_has_a_section(app, docs):
    """The headings of the page are the methods and addresses of the application, without its console."""
    headings = re.findall(r"(?m)^### ([A-Z]+) (\S+)$", (docs / "api.md").read_text())

    offered = {
        (method.method, route.path.replace(":id}", "}"))
        for route in falcon.inspect.inspect_routes(app)
        for method in route.methods
        if method.method not in GENERATED and not method.internal and route.path.startswith(OF_PROGRAMS)
    }

    assert set(headings) == offered
    assert len(headings) == len(offered)


def test_every_status_is_in_the_contract(docs):
    """The contract's table has every status of an error, and otherwise only those of Falcon itself."""
    rows = re.findall(r"(?m)^\| (\d{3}) \|", (docs / "contract.md").read_text())

    statuses = {status for status, _ in problems.STATUSES.values()}

    assert {int(row) for row in rows} == statuses | {405}


def test_powershell_posts_known_fields_to_an_address(app, documents, blocks_of):
    """What is shown in PowerShell goes to an address that exists, with fields that the collector declares."""
    shown = [block for path in documents for block in blocks_of(path) if block.language == "powershell"]

    assert shown
    for block in shown:
        (path,) = re.findall(r"-Uri 'http://127\.0\.0\.1:8080(/api/[^']+)'", block.text)
        submission = re.search(r"(?ms)^\$submission = @\{(.*?)^\}", block.text)[1]
        assert app._router.find(path, create_environ(path)) is not None, block.place
        assert set(re.findall(r"(?m)^    (\w+) =", submission)) <= DECLARATION["fields"].keys(), block.place
        assert "ConvertTo-Json -Depth 6" in block.text, block.place

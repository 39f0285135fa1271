"""The pytest plugin, in the suites of plugins as their authors write them."""

import textwrap
from collections.abc import Callable

import pytest
from databases import execute
from sqlalchemy import URL, make_url

SUITE = """
    def test_it_serves(shopdb_server, shopdb_client):
        assert shopdb_server.url.startswith("http://127.0.0.1:")
        created = shopdb_client.post("/api/collector/printers", json={"serialnumber": "CN1"})
        assert created.status_code == 201
        asset = shopdb_client.get(f"/api/assets/{created.json()['assetid']}")
        assert asset.json()["identityvalue"] == "CN1"
        by_hand = shopdb_client.post("/api/assets", json={"assettype": "racks", "identityvalue": "R1"})
        assert by_hand.status_code == 201

    def test_no_other_plugin_is_there(shopdb_client):
        assert list(shopdb_client.get("/api/collector/_schemas").json()["collectors"]) == ["printers"]
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., pytest.RunResult]:
    """Run a suite in a process of its own, where every warning is an error."""

    def run_suite(suite: str, settings: str = "") -> pytest.RunResult:
        pytester.makepyprojecttoml(f'[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n{settings}\n')
        pytester.makepyfile(textwrap.dedent(suite))
        return pytester.runpytest_subprocess("-p", "no:cacheprovider")

    return run_suite


def test_a_suite_has_a_server_with_just_its_plugin(run: Callable[..., pytest.RunResult]) -> None:
    """The client may submit, read and edit; the server is closed without a warning."""
    run(SUITE, 'shopdb_plugin = "printers"').assert_outcomes(passed=2)


@pytest.mark.every_server
def test_a_suite_may_run_on_a_database_server(
    run: Callable[..., pytest.RunResult], server_url: Callable[[str], URL], database_kind: str
) -> None:
    """The setting names the server, on which each test has a database of its own."""
    url = server_url(database_kind).render_as_string(hide_password=False)
    suite = (
        textwrap.dedent(SUITE) + f"def test_it(shopdb_database_url): assert shopdb_database_url == {url!r}\n"
    )

    run(suite, f'shopdb_plugin = "printers"\nshopdb_database_url = "{url}"').assert_outcomes(passed=3)

    names = {"postgresql": "SELECT datname FROM pg_database", "mysql": "SHOW DATABASES"}[database_kind]
    assert not [name for (name,) in execute(make_url(url), names) if name.startswith("shopdb_check_")]


def test_a_suite_without_the_name_of_its_plugin(run: Callable[..., pytest.RunResult]) -> None:
    """The error has the setting and its file."""
    result = run("def test_it(shopdb_client): pass")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(['*write shopdb_plugin = "network"*[[]tool.pytest.ini_options[]]*'])


def test_a_plugin_that_breaks_the_contract_turns_its_suite_red(run: Callable[..., pytest.RunResult]) -> None:
    """The output has the results of the checks, and the line of the suite."""
    suite = """
        from shopdb_core.testing import assert_conforms
        from shopdb_hookspecs import hookimpl

        class Rack:
            @hookimpl
            def get_collector_schema(self):
                return {"identityfield": "serial", "fields": {}}

        def test_the_plugin_keeps_the_contract():
            assert_conforms(Rack(), name="rack")
    """

    result = run(suite)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>*assert_conforms(Rack(), name="rack")',
            "E*declaration*FAILED",
            "E*get_collector_schema at /fields: *",
            "E*rack does not conform: 1 fault.",
        ]
    )

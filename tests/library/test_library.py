"""ShopDB as a library: embedded in another WSGI program, and without HTTP at all."""

import subprocess
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest

from shopdb_core.app import create_app
from shopdb_core.errors import SchemaBehind
from shopdb_core.settings import Settings
from shopdb_core.site import Site, upgrade_site
from shopdb_core.submissions import Origin

KEY = "a-collector-key-for-tests-0123456789-abc"


@pytest.fixture
def settings(database):
    """Return settings built without any environment."""
    return Settings(
        secret_key="a-secret-key-for-tests-0123456789-abcdef",
        database_url=database.url,
        shared_keys=(KEY,),
    )


class QuietHandler(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.mark.every_database
def test_the_app_is_embedded_in_another_wsgi_program(settings):
    """Another program serves ShopDB below a path of its own, beside pages of its own."""
    upgrade_site(settings)
    site = Site.open(settings)
    shopdb = create_app(site)

    def program(environ, start_response):
        if environ["PATH_INFO"].startswith("/inventory/"):
            environ["SCRIPT_NAME"] = "/inventory"
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix("/inventory")
            return shopdb(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"another program"]

    with make_server("127.0.0.1", 0, program, handler_class=QuietHandler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with httpx.Client(timeout=30, trust_env=False) as http:
            own = http.get(f"{url}/").text
            answer = http.post(
                f"{url}/inventory/api/collector/printers",
                json={"serialnumber": "S1"},
                headers={"X-API-Key": KEY},
            )
        server.shutdown()
        thread.join()
    site.close()
    assert own == "another program"
    assert (answer.status_code, answer.json()["action"]) == (201, "created")


@pytest.mark.every_database
def test_submitting_from_python_without_http(settings):
    """A program without a server submits by `Site.submissions`."""
    upgrade_site(settings)
    with Site.open(settings) as site:
        answers = [
            site.submissions.submit(
                "printers", {"serialnumber": "S1", "model": model}, Origin("script", "run-1")
            )
            for model in ("M1", "M1", "M2")
        ]
    assert [answer.action for answer in answers] == ["created", "noop", "updated"]


@pytest.mark.every_database
def test_a_site_refuses_a_schema_that_is_behind(settings):
    """The error names the command to run."""
    with pytest.raises(SchemaBehind, match="shopdb db upgrade"):
        Site.open(settings)


def test_importing_the_library_starts_nothing():
    """No settings are read, no thread runs, nothing is registered at import."""
    program = "import threading, shopdb_core.app; print(threading.active_count())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={})
    assert done.stdout.strip() == "1"

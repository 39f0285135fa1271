"""What keeps a site from starting is one line under other WSGI servers, too, and ends them."""

import time

PRELOADING = (
    "gunicorn --bind 127.0.0.1:8080 --preload --no-control-socket shopdb_core.server.wsgi:application"
)


def test_a_configuration_error_ends_the_server(make_site, other_server) -> None:
    """Workers are not started again without end; the line says what to do."""
    server = make_site().start_other(other_server)

    assert server.process.wait(timeout=60) != 0
    lines = [line for line in server.log.read_text().splitlines() if line.startswith("shopdb: ")]
    assert lines
    assert {line.partition("run ")[2] for line in lines} == {"`shopdb db upgrade`"}


def test_a_fork_after_the_application_was_loaded_serves_nothing(site) -> None:
    """It has none of the database's threads, and connections that another process uses."""
    preloading = site.start_other(PRELOADING)
    deadline = time.monotonic() + 60
    while "Listening at" not in preloading.log.read_text():
        assert time.monotonic() < deadline, preloading.log.read_text()
        time.sleep(0.05)

    assert preloading.submit("computers", {"hostname": "pc-1"}).status_code == 500
    assert "no --preload" in preloading.log.read_text()


def test_the_log_has_a_line_for_each_request(site, other_server) -> None:
    """As under `shopdb serve`."""
    server = site.serve_by(other_server)
    server.submit("computers", {"hostname": "pc-1"})
    assert server.stop() == 0

    assert server.log.read_text().count("POST /api/collector/computers 201") == 1

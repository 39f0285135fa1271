"""What keeps a site from starting is one line under other WSGI servers, too, and ends them."""


def test_a_configuration_error_ends_the_server(make_site, other_server) -> None:
    """Workers are not started again without end; the line says what to do."""
    server = make_site().start_other(other_server)

    assert server.process.wait(timeout=60) != 0
    told = [line for line in server.log.read_text().splitlines() if line.startswith("shopdb: ")]
    assert told
    assert {line.partition("run ")[2] for line in told} == {"`shopdb db upgrade`"}


def test_the_log_has_a_line_for_each_request(site, other_server) -> None:
    """As under `shopdb serve`."""
    server = site.serve_by(other_server)
    server.submit("computers", {"hostname": "pc-1"})
    assert server.stop() == 0

    assert server.log.read_text().count("POST /api/collector/computers 201") == 1

"""gunicorn and granian stop: requests in flight are answered, and nothing acknowledged is lost."""

import time
from concurrent.futures import ThreadPoolExecutor


def test_request_in_flight_is_answered(make_site, install, other_server, check_sound) -> None:
    """A request of three seconds that is in flight when SIGTERM comes is stored and answered."""
    site = make_site(variables=install("sleeper"))
    site.upgrade()
    server = site.serve_by(other_server)
    with ThreadPoolExecutor(1) as pool:
        in_flight = pool.submit(server.submit, "sleeper", {"name": "one"})
        deadline = time.monotonic() + 30
        while not (site.directory / "asleep").exists():
            assert time.monotonic() < deadline, "the request does not begin"
            time.sleep(0.01)

        exit_code = server.stop()

    assert exit_code == 0
    assert in_flight.result().status_code == 201
    check_sound(site)


def test_sigterm_under_load_loses_nothing(site, other_server, writers, check_sound) -> None:
    """What was acknowledged is kept, nothing is refused, and the database is closed."""
    server = site.serve_by(other_server)
    with writers.on(server):
        writers.wait_for(100)
        exit_code = server.stop()

    assert exit_code == 0
    assert writers.refused == []
    assert writers.lost(site) == {}
    check_sound(site)

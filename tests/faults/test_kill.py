"""SIGKILL under load: what was acknowledged is kept."""

import pytest


@pytest.mark.every_database
def test_kills_lose_nothing_acknowledged(site, writers, scale, check_sound) -> None:
    """Whenever the server is killed, every acknowledged submission is stored and audited."""
    for _ in range(scale(4, 50)):
        server = site.serve()
        with writers.on(server):
            writers.wait_for(40)
            server.kill()

    assert writers.refused == []
    assert writers.lost(site) == {}
    check_sound(site)

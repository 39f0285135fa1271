"""A link that signs a user in: what a browser gets when it opens one, and what the log has of it."""

import logging
from datetime import UTC, datetime, timedelta

from people import OPERATOR, add_user, cookie

from shopdb_core.access.sign_in.links import LINK_PATH, create_link

HTML = {"Accept": "text/html"}


def make_link(shop) -> str:
    """Return the address of a new link, without that of the site."""
    at, ttl = datetime.now(UTC), timedelta(minutes=10)
    token = shop.store.transaction(lambda connection: create_link(connection, at, OPERATOR, "ann", ttl))
    return f"{LINK_PATH}?token={token}"


def test_a_link_sets_the_cookie_and_goes_on(shop, caplog):
    """Once; then it leads to the form, unless the browser is the one that opened it. HEAD opens nothing."""
    add_user(shop, "ann", "admin")
    path, client = make_link(shop), shop.client

    preview = client.simulate_head(path, headers=HTML)
    with caplog.at_level(logging.INFO):
        opened = client.simulate_get(path, headers={**HTML, "Sec-Fetch-Site": "cross-site"})
        again = client.simulate_get(path, headers={**HTML, **cookie(opened)})
        stolen = client.simulate_get(path, headers=HTML)

    assert (preview.status_code, preview.headers.get("set-cookie")) == (200, None)
    assert (opened.status_code, opened.headers["location"]) == (303, "/")
    assert "HttpOnly" in opened.headers["set-cookie"]
    assert client.simulate_get("/", headers={**HTML, **cookie(opened)}).status_code == 200
    assert (again.status_code, again.headers["location"]) == (303, "/")
    assert (stolen.status_code, stolen.headers.get("set-cookie")) == (401, None)
    assert "This link was opened before, or it has expired" in stolen.text
    assert LINK_PATH in caplog.text
    assert path.partition("=")[2] not in caplog.text

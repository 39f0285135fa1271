"""Which role each method of the API requires."""

import pytest

from shopdb_core.api.assets import (
    AssetResource,
    AssetsResource,
    DuplicatesResource,
    RelationshipResource,
    RelationshipsResource,
)
from shopdb_core.api.history import AuditResource, HistoryResource
from shopdb_core.api.reports import ReportResource, ReportsResource
from shopdb_core.api.schemas import SchemasResource

GUARDED = [
    AssetResource,
    AssetsResource,
    AuditResource,
    DuplicatesResource,
    HistoryResource,
    RelationshipResource,
    RelationshipsResource,
    ReportResource,
    ReportsResource,
    SchemasResource,
]


@pytest.mark.parametrize("resource", GUARDED)
def test_every_method_requires_a_role(resource: type) -> None:
    """Reading needs a viewer and writing an editor; no method was forgotten."""
    methods = {name.split("_")[1].upper() for name in dir(resource) if name.startswith("on_")}

    assert dict(resource.roles) == {method: "viewer" if method == "GET" else "editor" for method in methods}


def test_a_token_is_asked_for_before_the_body_is_read(shop) -> None:
    """A body that could not be read is 401 all the same."""
    answer = shop.client.simulate_post("/api/assets", body=b"{", content_type="text/plain")

    assert answer.status_code == 401


def test_a_method_that_no_resource_has_needs_no_token(shop) -> None:
    """405 names the ones that there are, to anybody."""
    answer = shop.client.simulate_put("/api/assets")

    assert answer.status_code == 405

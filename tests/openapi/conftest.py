"""What the tests with tools for OpenAPI share: the document of a running site."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

METRICS_TOKEN = "a-token-for-the-metrics-0123456789-abcd"


@pytest.fixture
def site(site: Any) -> Any:
    """Return a site with everything that has an address, the metrics included."""
    site.variables["SHOPDB_METRICS_TOKEN"] = METRICS_TOKEN
    return site


@pytest.fixture
def fetch_document() -> Callable[..., Any]:
    """Return a function that reads the document of a running server with a token."""

    def fetch(server: Any, token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.get(f"{server.url}/api/openapi.json", headers=headers, timeout=30, trust_env=False)
        return answer.raise_for_status().json()

    return fetch

"""The image and the composition: their files are valid, and name what exists."""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from shops import make_shop

from shopdb_core.app import create_app

__all__ = ["make_shop"]  # a fixture

DEPLOY = Path(__file__).parents[2] / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text()


@pytest.fixture
def composition() -> dict[str, object]:
    """Return compose.yaml as a program reads it."""
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def test_the_composition_fits_its_schema(composition, not_permitted):
    """The schema is the one that docker-compose was published with; `name` came later."""
    file = os.environ.get("SHOPDB_COMPOSE_SCHEMA") or not_permitted("SHOPDB_COMPOSE_SCHEMA names no file")
    schema = json.loads(Path(file).read_text())

    # Its `$schema` names a draft without its address; the vocabulary is that of draft 7.
    validator = jsonschema.Draft7Validator(schema)
    validator.validate({key: part for key, part in composition.items() if key != "name"})


def test_nothing_starts_before_what_it_needs(composition):
    services = composition["services"]

    waits = {name: service.get("depends_on", {}) for name, service in services.items()}

    assert waits["nginx"] == {"shopdb": {"condition": "service_healthy"}}
    assert waits["shopdb"] == {"migrations": {"condition": "service_completed_successfully"}}
    assert waits["migrations"] == {"database": {"condition": "service_healthy"}}


def test_a_secret_has_no_default():
    """Each is required by name, and the example has the names alone."""
    text = (DEPLOY / "compose.yaml").read_text()
    example = (DEPLOY / "compose.env.example").read_text()

    for name in ("POSTGRES_PASSWORD", "SECRET_KEY", "SHOPDB_AUDIT_KEY", "COLLECTOR_API_KEY"):
        assert re.findall(rf"\${{{name}([:}}].)", text) == [":?"] * text.count(f"${{{name}")
        assert re.search(rf"(?m)^{name}=$", example)


def test_a_service_of_ours_may_write_to_its_volume_alone(composition):
    for name in ("migrations", "shopdb"):
        service = composition["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_the_image_does_not_run_as_root():
    assert re.search(r"(?m)^USER ([1-9]\d*)$", CONTAINERFILE)
    assert CONTAINERFILE.index("\nUSER ") < CONTAINERFILE.index("\nENTRYPOINT ")


def test_the_health_check_asks_an_address_that_exists(make_shop):
    (path,) = re.findall(r"http://127\.0\.0\.1:8080(/[a-z/]+)", CONTAINERFILE)

    assert create_app(make_shop())._router.find(path)

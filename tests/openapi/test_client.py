"""A client that openapi-python-client generates from the document submits and reads."""

import importlib
import json
import subprocess
import sys

import pytest


@pytest.fixture
def client(tmp_path, monkeypatch, site, server, fetch_document):
    """Return the package of the client that was generated for a running server."""
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(fetch_document(server, site.token())))
    config = tmp_path / "config.json"
    options = {
        "package_name_override": "generated_shopdb",
        "post_hooks": [],
        "content_type_overrides": {"application/x-ndjson": "application/octet-stream"},
    }
    config.write_text(json.dumps(options))

    done = subprocess.run(
        [
            *(sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"),
            *("--path", document, "--config", config, "--output-path", tmp_path / "client"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    monkeypatch.syspath_prepend(tmp_path / "client")
    return importlib.import_module("generated_shopdb")


def test_a_generated_client_submits_and_reads(client, site, server):
    """Its functions are named after the operations; its models have the fields of answers and problems."""
    call = importlib.import_module
    submit = call("generated_shopdb.api.collector.post_api_collector_computers").sync
    show = call("generated_shopdb.api.assets.get_api_assets_assetid").sync
    models = call("generated_shopdb.models")
    options = {"base_url": server.url, "httpx_args": {"trust_env": False}}
    collector = client.AuthenticatedClient(
        **options, token=server.key, auth_header_name="X-API-Key", prefix=""
    )
    viewer = client.AuthenticatedClient(**options, token=site.token())

    with collector, viewer:
        created = submit(client=collector, body=models.ComputersSubmission(hostname="PC-1", osname="Debian"))
        asset = show(created.assetid, client=viewer)
        missing = show(99, client=viewer)

    assert (created.action, created.identityvalue) == ("created", "PC-1")
    assert asset.attributes.additional_properties == {"hostname": "PC-1", "osname": "Debian"}
    assert (type(missing), missing.status) == (models.Problem, 404)

"""schemathesis calls a running site with what the document allows and with what it does not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
EVERY_PHASE = "examples,coverage,fuzzing,stateful"
FULL_SIZE = os.environ.get("SHOPDB_TEST_FULL") == "1"
SCHEMATHESIS = os.environ.get("SHOPDB_SCHEMATHESIS", sys.executable)
"""The Python of its environment, in which ShopDB is not installed."""
SEEDS = (1, 2, 3, 4, 5) if FULL_SIZE else (1,)
EXAMPLES = 500 if FULL_SIZE else 3


@pytest.mark.every_database
@pytest.mark.parametrize("seed", SEEDS)
def test_every_check_passes(site, server, database_kind, seed, tmp_path):
    """No answer is undocumented or a failure of the server; the long phases run on one database alone."""
    phases = EVERY_PHASE if FULL_SIZE or database_kind == "sqlite" else "fuzzing,stateful"
    own = {
        "SCHEMATHESIS_HOOKS": str(HOOKS),
        "SHOPDB_TOKEN": site.token("admin"),
        "SHOPDB_KEY": server.key,
        "SHOPDB_METRICS_TOKEN": site.variables["SHOPDB_METRICS_TOKEN"],
        "NO_PROXY": "127.0.0.1",
    }
    options = [f"--max-examples={EXAMPLES}", f"--seed={seed}", f"--phases={phases}", "--no-color"]

    done = subprocess.run(
        [
            *(SCHEMATHESIS, "-m", "schemathesis.cli", "--config-file", CONFIG),
            *("run", f"{server.url}/api/openapi.json", "--continue-on-failure", *options),
        ],
        check=False,
        cwd=tmp_path,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    assert site.run("audit", "verify").returncode == 0
